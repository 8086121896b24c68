// npm wechatpay-node-v3 as a client of the sandbox's WeChat Pay: begins a payment inside WeChat and signs what the page hands to
// its browser; the cashier opens with that and with nothing else, and the trade is paid as JSAPI.
//
// `tests/it/sdk.rs` starts the gateway and runs this with its addresses and keys.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

const Pay = createRequire(import.meta.url)("wechatpay-node-v3");
const config = JSON.parse(process.argv[2]);
const pay = new Pay({
  appid: config.appid, mchid: config.mchid, serial_no: config.serial, key: config.api_v3_key,
  publicKey: Buffer.from(config.merchant_public_key), privateKey: Buffer.from(config.private_key),
});
// The SDK knows one gateway; its own requests go to ours, with the bytes that it signed.
const to = (url) => url.replace("https://api.mch.weixin.qq.com", config.gateway);
const call = async (method, url, headers, body) => {
  const answer = await fetch(to(url), { method, headers: { ...headers, "User-Agent": "sdk" }, body });
  const text = await answer.text();
  return { status: answer.status, data: text && JSON.parse(text) };
};
pay.createHttp({
  get: (url, headers) => call("GET", url, headers),
  post: (url, params, headers) => call("POST", url, headers, JSON.stringify(params)),
});

const asked = new URL(`${config.gateway}/connect/oauth2/authorize`);
asked.search = new URLSearchParams({
  appid: config.appid, redirect_uri: "http://127.0.0.1:1/", response_type: "code", scope: "snsapi_base", state: "5a7e",
});
const sent = await fetch(asked, { redirect: "manual", headers: { "User-Agent": "MicroMessenger/8.0.50" } });
assert.equal(sent.status, 302);
const code = new URL(sent.headers.get("location")).searchParams.get("code");
const exchange = new URL(`${config.gateway}/sns/oauth2/access_token`);
exchange.search = new URLSearchParams({
  appid: config.appid, secret: config.app_secret, code, grant_type: "authorization_code",
});
const { openid } = await (await fetch(exchange)).json();

const order = (payer) => ({
  description: "流量 “+%&=#”", out_trade_no: "SDKN0001", notify_url: "http://127.0.0.1:1/notify",
  amount: { total: 990, currency: "CNY" }, payer: { openid: payer },
});
assert.equal((await pay.transactions_jsapi(order("somebody-else"))).data.code, "PARAM_ERROR");
const signed = (await pay.transactions_jsapi(order(openid))).data;
assert.match(signed.package, /^prepay_id=wx/);
const cashier = async (handed) => {
  const answer = await fetch(`${config.gateway}/jsapi/open`, { method: "POST", body: JSON.stringify(handed) });
  return [answer.status, await answer.json()];
};
for (const [name, value] of Object.entries({
  timeStamp: "1", nonceStr: "x", package: `${signed.package}0`, signType: "MD5", paySign: "AAAA",
})) {
  const [status, said] = await cashier({ ...signed, [name]: value });
  assert.deepEqual([status, said.err_msg], [400, "get_brand_wcpay_request:fail"], name);
}
const [status, opened] = await cashier(signed);
assert.equal(status, 200);
assert.equal((await fetch(opened.page_url)).status, 200);
assert.equal((await fetch(`${config.control}/trades/SDKN0001/pay`, { method: "POST" })).status, 200);
const paid = (await pay.query({ out_trade_no: "SDKN0001" })).data;
assert.deepEqual([paid.trade_state, paid.trade_type, paid.payer.openid], ["SUCCESS", "JSAPI", openid]);
console.log("all checks passed");
