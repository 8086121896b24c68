// Live status: a stream says "changed", htmx then fetches the page's live part; without a stream htmx polls. And a
// countdown beside the time by which to pay. The page works without any of this.
(() => {
  "use strict";
  let source = null;
  let opened = null;

  const follow = () => {
    const part = document.querySelector("[data-live]");
    const url = part ? part.dataset.live : null;
    if (url === opened) return;
    if (source) source.close();
    source = null;
    opened = url;
    if (!url || !window.EventSource) return;
    source = new EventSource(url);
    source.addEventListener("changed", () => {
      source.close();
      opened = null;
      part.dispatchEvent(new CustomEvent("changed"));
    });
  };

  let shown = null;
  let end = 0;
  const count = () => {
    const clock = document.querySelector("[data-left]");
    if (!clock) return;
    if (shown !== clock.dataset.left) {
      shown = clock.dataset.left;
      end = performance.now() + Number(shown) * 1000;
    }
    const left = Math.max(0, Math.round((end - performance.now()) / 1000));
    clock.textContent = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
  };

  document.addEventListener("htmx:after:swap", follow);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) follow();
  });
  follow();
  count();
  setInterval(count, 1000);
})();
