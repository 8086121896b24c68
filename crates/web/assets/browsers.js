// Notices in this browser: the form asks the browser for a subscription and is then sent like any other. Where a browser has
// none the form stays hidden, and the page says why.
(() => {
  "use strict";
  const form = document.querySelector("form[data-notices]");
  if (!form || !("serviceWorker" in navigator) || !window.PushManager || !window.Notification) return;

  const text = (buffer) => {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };
  const mark = async (subscription) =>
    text(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subscription.endpoint)));
  const worker = async () => {
    await navigator.serviceWorker.register("/worker.js");
    return navigator.serviceWorker.ready;
  };
  const say = (what) => {
    for (const said of form.querySelectorAll("[data-notices-said]")) said.hidden = said.dataset.noticesSaid !== what;
  };

  /// One with another key than the site's is of no use to it.
  const subscribed = async (manager) => {
    const former = await manager.getSubscription();
    if (former && text(former.options.applicationServerKey ?? new ArrayBuffer(0)) === form.dataset.notices) return former;
    if (former) await former.unsubscribe();
    return manager.subscribe({ userVisibleOnly: true, applicationServerKey: form.dataset.notices });
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    say("");
    try {
      if ((await Notification.requestPermission()) !== "granted") {
        say("blocked");
      } else {
        const { endpoint, keys } = (await subscribed((await worker()).pushManager)).toJSON();
        form.elements.endpoint.value = endpoint;
        form.elements.p256dh.value = keys.p256dh;
        form.elements.auth.value = keys.auth;
        form.submit();
        return;
      }
    } catch {
      say("failed");
    }
    button.disabled = false;
  });

  const show = async () => {
    const subscription = await (await worker()).pushManager.getSubscription();
    const own = subscription && (await mark(subscription));
    const row = own && Array.from(document.querySelectorAll("[data-browser]")).find((row) => row.dataset.browser === own);
    document.querySelector("[data-without-notices]").hidden = true;
    form.hidden = Boolean(row);
    document.querySelector("[data-notices-on]").hidden = !row;
    if (!row) return;
    row.querySelector(".tag").hidden = false;
    const removal = row.querySelector("form");
    removal.addEventListener("submit", async (event) => {
      event.preventDefault();
      await subscription.unsubscribe().catch(() => {});
      removal.submit();
    });
  };
  show().catch(() => {});
})();
