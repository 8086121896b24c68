// Paying inside WeChat's own browser, in both languages, from a renewal to *in effect*. Run it against a running demo:
//
//   npm install && node in_wechat.mjs http://localhost:7999 /tmp/screenshots
//
// The browser says that it is WeChat's, and has a stand-in for the bridge to its application: that opens the sandbox's
// cashier with exactly what the page hands over, and the cashier checks the signature. Before it pays, the payer closes it
// once, and it fails once. Once more without JavaScript.
import { Round, browse, count, faults, url } from "./round.mjs";

const agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50";

/// What the page meets inside WeChat: a bridge that comes late and passes on to `cashier`.
function bridge() {
  setTimeout(() => {
    window.WeixinJSBridge = {
      invoke(name, parameters, callback) {
        window.cashier(name, JSON.stringify(parameters)).then((end) => callback({ err_msg: `${name}:${end}` }));
      },
    };
    document.dispatchEvent(new Event("WeixinJSBridgeReady"));
  }, 400);
}

/// Opens the cashier as WeChat does, and does there what `wish.end` says.
function cashier(context, wish) {
  return async (name, handed) => {
    wish.opened.push(JSON.parse(handed));
    if (name !== "getBrandWCPayRequest") return "fail";
    const opened = await fetch(`${wish.gateway}/jsapi/open`, { method: "POST", body: handed });
    const said = await opened.json();
    if (!opened.ok) {
      faults.push(`the cashier did not open: ${JSON.stringify(said)}`);
      return "fail";
    }
    if (wish.end !== "ok") return wish.end;
    const page = await context.newPage();
    await page.goto(said.page_url);
    await page.click('button[name="action"][value="pay"]');
    await page.close();
    return "ok";
  };
}

/// Orders for the first line of 顺达冷链 that is cut off; the page of the order.
async function order(round) {
  const { page } = round;
  await round.enter("shunda");
  await round.open("/home?show=cut_off");
  const [line] = (await round.links("/lines/")).filter((path) => !path.endsWith("/renew"));
  await round.open(`${line}/renew`);
  if ((await page.$('input[value="wechat_h5"]')) !== null) round.fault("WeChat's own page is offered inside WeChat");
  const first = await page.$eval('input[name="method"]', (input) => [input.value, input.checked]);
  if (String(first) !== "wechat_jsapi,true") round.fault(`the first way is ${first}`);
  return line;
}

async function inside(language) {
  const wish = { end: "cancel", opened: [], gateway: null };
  await browse({ locale: language, colorScheme: "light", userAgent: agent }, async (page, context) => {
    await context.addInitScript(bridge);
    await context.exposeFunction("cashier", cashier(context, wish));
    page.on("request", (request) => {
      if (request.url().includes("/connect/oauth2/authorize")) wish.gateway = new URL(request.url()).origin;
    });
    const round = new Round(page, language);
    await order(round);
    await round.check("in-wechat-renew");
    await page.check('input[name="terms"]');
    await page.click("button.pay");
    await page.waitForURL(/\/orders\//);
    if (wish.gateway === null) return round.fault("nobody asked WeChat who pays");
    const handed = async () => JSON.parse(await page.getAttribute("[data-wechat]", "data-wechat"));
    const before = await handed();
    await page.reload();
    const after = await handed();
    if (before.package !== after.package) round.fault("a reload began another payment");
    if (before.nonceStr === after.nonceStr) round.fault("a reload did not sign again");
    // The part of the page that changes by itself is signed again too, and its button stays.
    const path = new URL(page.url()).pathname;
    const fetched = page.waitForResponse((response) => new URL(response.url()).pathname === path);
    await page.dispatchEvent("#order", "changed");
    await fetched;
    await page.waitForFunction((nonce) => !document.querySelector("[data-wechat]").dataset.wechat.includes(nonce), after.nonceStr);
    if (!(await page.isVisible("[data-wechat]"))) round.fault("the button is gone after the page changed by itself");
    // The bridge is not there yet, or just came: the page waits for it.
    await page.reload();
    await page.click("[data-wechat]");
    await page.waitForSelector('[data-wechat-said="cancel"]:visible');
    await round.check("in-wechat-order-closed");
    wish.end = "fail";
    await page.click("[data-wechat]");
    await page.waitForSelector('[data-wechat-said="fail"]:visible');
    await round.check("in-wechat-order-failed");
    // Begun anew for the same person it is the same payment.
    await page.click('form[data-wechat-said="fail"] button');
    await page.waitForSelector("[data-wechat]:visible");
    await round.check("in-wechat-order");
    const same = await handed();
    if (same.package !== before.package) round.fault("asking again began another payment");
    wish.end = "ok";
    await page.click("[data-wechat]");
    await page.waitForSelector(".state.fine", { timeout: 30_000 });
    await round.check("in-wechat-in-effect");
    const headline = await page.innerText("h1");
    if (headline !== (language === "en" ? "In effect" : "已生效")) round.fault(`it ends with ${headline}`);
    if (wish.opened.length !== 3) round.fault(`the cashier was opened ${wish.opened.length} times`);
    // A link that belongs to another browser's order.
    await round.open("/pay/wechat?code=0&state=0");
    await round.check("in-wechat-foreign", true);
  });
}

async function withoutScripts() {
  await browse({ javaScriptEnabled: false, locale: "zh-CN", userAgent: agent }, async (page) => {
    const round = new Round(page, "no-script");
    await order(round);
    await page.check('input[name="terms"]');
    await page.click("button.pay");
    await page.waitForURL(/\/orders\//);
    if (await page.isVisible("[data-wechat]")) round.fault("a button that cannot work");
    if (!(await page.isVisible("noscript p"))) round.fault("nobody says why there is no button");
    if ((await page.$$('form[action$="/pay"] button')).length < 2) round.fault("no other way");
    await page.screenshot({ path: `${process.argv[3]}/in-wechat-order.no-script.png`, fullPage: true });
  });
}

for (const language of ["zh-CN", "en"]) await inside(language);
await withoutScripts();
for (const fault of faults) console.log(`FAULT ${fault}`);
console.log(`${url("/")} inside WeChat: ${count.checked} pages, ${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0);
