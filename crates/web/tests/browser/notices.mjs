// A mailbox and the browsers that get notices, as their owner meets them: in both languages, on a screen of 360 pixels and a wide
// one, with and without scripts; and what the worker makes of a notice. Run it against a running demo:
//
//   npm install && node notices.mjs http://localhost:7999 /tmp/screenshots
//
// No push service is called: a script stands in for the browser's subscription, and Chromium itself hands the notice over.
import { join } from "node:path";
import { Round, base, browse, count, faults, folder, url } from "./round.mjs";

/// A mailbox that nobody has yet: codes to one are limited.
const aNewOne = () => `lin.fang.${String(Math.random()).slice(2, 10)}@example.org`;

/// The code that went to an address last, from the sandbox's inbox.
async function codeTo(round, address) {
  const sandbox = await round.page.$eval(".demo a", (link) => link.href);
  const inbox = await (await fetch(new URL(`control/sms/inbox?to=${encodeURIComponent(address)}`, sandbox))).json();
  return inbox.messages.find((message) => message.parameters.code)?.parameters.code ?? "";
}

async function aMailbox(round) {
  const { page } = round;
  const mailbox = aNewOne();
  await round.open("/account/mailbox");
  await round.check("mailbox");
  await page.fill("#email", "lin.fang");
  await page.click("main form button");
  await round.check("mailbox-wrong");
  await page.fill("#email", mailbox);
  await page.click("main form button");
  await round.check("mailbox-code");
  await page.fill("#code", "12");
  await page.click("main form button");
  await round.check("mailbox-code-wrong");
  await page.fill("#code", await codeTo(round, mailbox));
  await page.click("main form button");
  if (!/done=mailbox/.test(page.url())) round.fault(`a proved mailbox leads to ${page.url()}`);
  await round.check("account-mailbox-set");
  await round.open("/account/mailbox");
  await round.check("mailbox-set");
  await page.click('form[action="/account/mailbox/remove"] button');
  if (!/done=no-mailbox/.test(page.url())) round.fault(`removing a mailbox leads to ${page.url()}`);
  await round.check("account-mailbox-removed");
}

/// Stands in for what a browser asks its push service for; its key is a real one, because what cannot be sealed for is forgotten.
function standIn() {
  const KEY = "stand-in-for-push";
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const octets = (text) => {
    const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(plain, (c) => c.charCodeAt(0)).buffer;
  };
  const kept = () => {
    const known = JSON.parse(localStorage.getItem(KEY));
    return known && {
      endpoint: "https://nobody.notify.windows.com/w/stand-in",
      options: { applicationServerKey: octets(known.site) },
      toJSON() {
        return { endpoint: this.endpoint, keys: { p256dh: known.p256dh, auth: "A".repeat(22) } };
      },
      async unsubscribe() {
        localStorage.removeItem(KEY);
        return true;
      },
    };
  };
  PushManager.prototype.getSubscription = async () => kept();
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly) throw new Error("every notice is shown");
    const pair = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
    const p256dh = text(await crypto.subtle.exportKey("raw", pair.publicKey));
    localStorage.setItem(KEY, JSON.stringify({ site: applicationServerKey, p256dh }));
    return kept();
  };
}

async function browsers(round, context) {
  const { page } = round;
  const form = "form[data-notices]";
  await context.clearPermissions();
  await round.open("/account/browsers");
  await page.waitForSelector(form, { state: "visible" });
  await page.waitForSelector("[data-without-notices]", { state: "hidden" });
  await round.check("browsers");
  await page.evaluate(() => (Notification.requestPermission = async () => "denied"));
  await page.click(`${form} button`);
  await page.waitForSelector('[data-notices-said="blocked"]', { state: "visible" });
  await round.check("browsers-blocked");
  await context.grantPermissions(["notifications"], { origin: new URL(base).origin });
  await round.open("/account/browsers");
  await page.waitForSelector(form, { state: "visible" });
  await page.click(`${form} button`);
  await page.waitForSelector("[data-browser] .tag", { state: "visible" });
  await page.waitForSelector(form, { state: "hidden" });
  await round.check("browsers-on");
  await round.open("/account");
  await round.check("account-browsers-on");
  await round.open("/account/browsers");
  await page.waitForSelector("[data-browser] .tag", { state: "visible" });
  await page.click("[data-browser] form button");
  await page.waitForSelector("[data-browser]", { state: "detached" });
  await page.waitForSelector(form, { state: "visible" });
  await round.check("browsers-off-again");
}

/// A notice is shown as it was sent, and leads to a page of this site, whatever it says.
async function theWorker(round, context) {
  const { page } = round;
  await round.open("/home");
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  const devtools = await context.newCDPSession(page);
  const known = new Promise((resolve) =>
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => registrations[0] && resolve(registrations[0])),
  );
  await devtools.send("ServiceWorker.enable");
  const { registrationId } = await known;
  const { origin } = new URL(base);
  const deliver = (data) =>
    devtools.send("ServiceWorker.deliverPushMessage", { origin, registrationId, data: JSON.stringify(data) });
  const link = `${origin}/account`;
  await deliver({ title: "<b>a</b>", body: "b & c", link, lang: "en", tag: "1" });
  // What is looked at is what was waited for: a notice may be gone again a moment later.
  const seen = await page.waitForFunction(async () => {
    const all = await (await navigator.serviceWorker.ready).getNotifications();
    return all.length > 0 && JSON.stringify(all.map(({ title, body, tag, data }) => [title, body, tag, data.link]));
  });
  const found = await seen.jsonValue();
  if (found !== JSON.stringify([["<b>a</b>", "b & c", "1", link]])) round.fault(`a notice is shown as ${found}`);
  const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent("serviceworker"));
  const led = await worker.evaluate(async (origin) => {
    const opened = [];
    // Both want a person's own click.
    WindowClient.prototype.focus = async function () {
      opened.push(this.url);
    };
    Object.defineProperty(self.clients, "openWindow", { value: async (url) => opened.push(url), configurable: true });
    const links = [
      "/cases", `${origin}/renew`, "https://evil.test/x", "//evil.test/x", "javascript:alert(1)", "data:text/html,x", "%%%:", undefined,
    ];
    for (const link of links) {
      const notification = { close() {}, data: { link } };
      const event = Object.assign(new Event("notificationclick"), { notification, waits: [], waitUntil(work) { this.waits.push(work); } });
      self.dispatchEvent(event);
      await Promise.all(event.waits);
    }
    return opened;
  }, origin);
  const expected = ["/cases", "/renew", ...Array(6).fill("/home")].map((path) => origin + path);
  expected[6] = `${origin}/%%%:`;
  if (JSON.stringify(led) !== JSON.stringify(expected)) round.fault(`notices lead to ${led.join(", ")}`);
  await devtools.detach();
}

async function withoutScripts(language) {
  await browse({ javaScriptEnabled: false, locale: language, colorScheme: "light" }, async (page) => {
    const round = new Round(page, `${language}.no-script`);
    await round.enter("linfang");
    await round.open("/account/browsers");
    if (await page.isVisible("form[data-notices]")) round.fault("a form that does nothing without scripts is shown");
    if (!(await page.isVisible("[data-without-notices]"))) round.fault("nothing says why there are no notices");
    await page.screenshot({ path: join(folder, `browsers.${round.name}.png`), fullPage: true });
    const mailbox = aNewOne();
    await round.open("/account/mailbox");
    await page.fill("#email", mailbox);
    await page.click("main form button");
    await page.fill("#code", await codeTo(round, mailbox));
    await page.click("main form button");
    if (!/done=mailbox/.test(page.url())) round.fault(`a mailbox leads to ${page.url()}`);
    await round.open("/account/mailbox");
    await page.click('form[action="/account/mailbox/remove"] button');
    if (!/done=no-mailbox/.test(page.url())) round.fault(`removing a mailbox leads to ${page.url()}`);
  });
}

for (const language of ["zh-CN", "en"]) {
  for (const colorScheme of ["light", "dark"]) {
    await browse({ locale: language, colorScheme }, async (page, context) => {
      const round = new Round(page, `${language}.${colorScheme}`, { wide: colorScheme === "light" });
      await context.addInitScript(standIn);
      await round.enter("linfang");
      if (colorScheme === "light") await aMailbox(round);
      await browsers(round, context);
      await theWorker(round, context);
    });
  }
  await withoutScripts(language);
}
for (const fault of faults) console.log(`FAULT ${fault}`);
console.log(`${count.checked} pages about notices, ${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0);
