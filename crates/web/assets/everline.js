// Live status: a stream says "changed", htmx then fetches the page's live part; without a stream htmx polls. And a
// countdown beside the time by which to pay. The page works without any of this. Inside WeChat, its browser opens the
// cashier; whoever reads this elsewhere pays another way.
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

  // What WeChat's browser says of a payment is a hint: after "ok" the provider is asked.
  const say = (what) => {
    for (const text of document.querySelectorAll("[data-wechat-said]")) text.hidden = text.dataset.wechatSaid !== what;
  };
  const pay = (button) => {
    const open = () => {
      clearTimeout(patience);
      window.WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(button.dataset.wechat), (answer) => {
        const end = String(answer && answer.err_msg).split(":").pop();
        say(end === "ok" || end === "cancel" ? end : "fail");
        const ask = end === "ok" && document.querySelector("form[data-ask]");
        if (ask) ask.submit();
      });
    };
    const patience = setTimeout(() => {
      document.removeEventListener("WeixinJSBridgeReady", open);
      say("fail");
    }, 5000);
    say("");
    if (window.WeixinJSBridge) open();
    else document.addEventListener("WeixinJSBridgeReady", open, { once: true });
  };
  const show = () => {
    for (const button of document.querySelectorAll("[data-wechat]")) button.hidden = false;
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-wechat]");
    if (button) pay(button);
  });

  document.addEventListener("htmx:after:swap", () => {
    follow();
    show();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) follow();
  });
  follow();
  show();
  count();
  setInterval(count, 1000);
})();
