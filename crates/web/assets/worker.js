// What the installed portal shows without a connection: one page, fetched anew whenever home is opened, with what was left
// then and when that was. Nothing else is kept, payments least of all; it is gone at sign-out. And what notices of ours look
// like in this browser, and where they lead: to pages of this site alone.
"use strict";
const NAME = "everline-offline";
const PAGE = "/offline";
const HOME = "/home";

const forget = () => caches.delete(NAME);

async function keep() {
  const page = await fetch(PAGE, { credentials: "same-origin" });
  if (!page.ok) return;
  const text = await page.clone().text();
  const parts = Array.from(text.matchAll(/"(\/assets\/[^"]+)"/g), (found) => found[1]);
  const cache = await caches.open(NAME);
  await cache.addAll(parts);
  await cache.put(PAGE, page);
}

async function navigate(event, path) {
  try {
    const answer = await fetch(event.request);
    // Whoever is sent away from home is signed out. A server in trouble says nothing about that.
    if (path === HOME && answer.ok) event.waitUntil(keep());
    if (path === HOME && answer.type === "opaqueredirect") event.waitUntil(forget());
    return answer;
  } catch (error) {
    const kept = await caches.match(PAGE);
    if (kept) return kept;
    throw error;
  }
}

async function signOut(event) {
  const answer = await fetch(event.request);
  await forget();
  return answer;
}

self.addEventListener("install", (event) => event.waitUntil(keep().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== self.location.origin) return;
  if (url.pathname === "/sign-out") event.respondWith(signOut(event));
  else if (request.mode === "navigate" && request.method === "GET") event.respondWith(navigate(event, url.pathname));
  else if (url.pathname.startsWith("/assets/")) {
    event.respondWith(fetch(request).catch(async (error) => (await caches.match(request)) ?? Promise.reject(error)));
  }
});

// What was sent, as the site sealed it.
function notice(event) {
  try {
    return event.data.json() ?? {};
  } catch {
    return {};
  }
}

// Where a notice leads.
function page(link) {
  try {
    const url = new URL(link ?? HOME, self.location.origin);
    if (url.origin === self.location.origin) return url.href;
  } catch {
    // No address.
  }
  return new URL(HOME, self.location.origin).href;
}

async function open(link) {
  const url = page(link);
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const shown = windows.find((window) => window.url === url);
  return shown ? shown.focus() : self.clients.openWindow(url);
}

self.addEventListener("push", (event) => {
  const { title, body, link, lang, tag } = notice(event);
  if (!title) return;
  const options = { body: String(body ?? ""), lang: String(lang ?? ""), tag: String(tag ?? ""), data: { link } };
  event.waitUntil(self.registration.showNotification(String(title), options));
});
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data?.link));
});
