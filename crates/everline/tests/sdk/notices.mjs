// Notices as the providers send them, judged by the providers' SDKs before they are sent to a node: for each provider a
// genuine one, and copies that were tampered with. Prints how the node answered.
//
// `tests/it/sdk_notices.rs` starts the node and runs this with what it must know.
import assert from 'node:assert/strict';
import { createCipheriv, createSign, generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);
const { AlipaySdk } = load('alipay-sdk');
const WxPay = load('wechatpay-node-v3');
const Stripe = load('stripe');
const config = JSON.parse(process.argv[2]);
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const rsa = (text, key) => createSign('RSA-SHA256').update(text, 'utf8').sign(key, 'base64');

async function post(provider, headers, body) {
  const answer = await fetch(`${config.node}/notify/${provider}`, { method: 'POST', headers, body });
  return answer.status;
}

/** Sends what `make` makes: copies for the forged attempt that the SDK refuses, the genuine one twice. */
async function judged(provider, make, sdkTakes) {
  const { forged, genuine } = config[provider];
  const [a, b] = [make(forged), make(genuine)];
  const bad = [make(forged, true), ...a.spoilt];
  for (const one of bad) assert.equal(await sdkTakes(one), false, `${provider}: the SDK takes a forged notice`);
  for (const one of [a, b]) assert.equal(await sdkTakes(one), true, `${provider}: the SDK refuses a genuine notice`);
  const answers = { forged: [], genuine: [] };
  for (const one of bad) answers.forged.push(await post(provider, one.headers, one.body));
  for (let n = 0; n < 2; n += 1) answers.genuine.push(await post(provider, b.headers, b.body));
  return answers;
}

const alipay = new AlipaySdk({
  appId: config.alipay.app_id, privateKey: config.alipay.private_key, keyType: 'PKCS8', alipayPublicKey: config.alipay.public_key,
});
const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
function alipayNotice({ number, yuan }, byStranger) {
  const time = config.beijing_time;
  const params = {
    gmt_create: time, charset: 'utf-8', gmt_payment: time, notify_time: time, subject: '流量 “+%&=#”', version: '1.0',
    notify_id: `sdk${number}`, notify_type: 'trade_status_sync', out_trade_no: number, total_amount: yuan, receipt_amount: yuan,
    trade_status: 'TRADE_SUCCESS', trade_no: `2026${number.slice(0, 24)}`, app_id: config.alipay.app_id, seller_id: config.alipay.seller_id,
  };
  const content = Object.keys(params).sort().map(k => `${k}=${params[k]}`).join('&');
  const key = byStranger ? stranger : config.alipay.gateway_key;
  const signed = { ...params, sign_type: 'RSA2', sign: rsa(content, key) };
  const body = changed => new URLSearchParams({ ...signed, ...changed }).toString();
  return {
    headers: form, body: body({}),
    spoilt: [{ total_amount: '0.01' }, { zz: '1' }, { sign: '' }].map(changed => ({ headers: form, body: body(changed) })),
  };
}

const wechat = new WxPay({
  appid: config.wechat.appid, mchid: config.wechat.mchid, serial_no: config.wechat.serial, privateKey: Buffer.from(config.wechat.merchant_key),
  publicKey: Buffer.from(config.wechat.merchant_key), key: config.wechat.api_v3_key,
});
WxPay.certificates = { [config.wechat.public_key_id]: config.wechat.public_key };
function wechatNotice({ number, fen }, byStranger) {
  const now = new Date();
  const nonce = '0123456789ab', associated_data = 'transaction';
  const cipher = createCipheriv('aes-256-gcm', config.wechat.api_v3_key, nonce).setAAD(Buffer.from(associated_data));
  const plain = JSON.stringify({
    mchid: config.wechat.mchid, appid: config.wechat.appid, out_trade_no: number, transaction_id: `42${number.slice(0, 26)}`,
    trade_type: 'NATIVE', trade_state: 'SUCCESS', trade_state_desc: '支付成功', bank_type: 'OTHERS',
    success_time: now.toISOString().replace(/\.\d+Z/, '+00:00'), payer: { openid: 'o' },
    amount: { total: fen, payer_total: fen, currency: 'CNY', payer_currency: 'CNY' },
  });
  const ciphertext = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64');
  const body = JSON.stringify({
    id: `sdk${number}`, create_time: now.toISOString().replace(/\.\d+Z/, '+00:00'), resource_type: 'encrypt-resource',
    event_type: 'TRANSACTION.SUCCESS', summary: '支付成功',
    resource: { original_type: 'transaction', algorithm: 'AEAD_AES_256_GCM', ciphertext, associated_data, nonce },
  });
  const timestamp = String(Math.floor(now / 1000));
  const key = byStranger ? stranger : config.wechat.gateway_key;
  const headers = {
    'content-type': 'application/json', 'wechatpay-timestamp': timestamp, 'wechatpay-nonce': 'N0nce',
    'wechatpay-serial': config.wechat.public_key_id, 'wechatpay-signature': rsa(`${timestamp}\nN0nce\n${body}\n`, key),
  };
  const probe = { ...headers, 'wechatpay-signature': `WECHATPAY/SIGNTEST/${headers['wechatpay-signature']}` };
  return {
    headers, body,
    spoilt: [{ headers, body: `${body} ` }, { headers: { ...headers, 'wechatpay-nonce': 'other' }, body }, { headers: probe, body }],
  };
}
async function wechatTakes({ headers, body }) {
  try {
    return await wechat.verifySign({
      timestamp: headers['wechatpay-timestamp'], nonce: headers['wechatpay-nonce'], body,
      serial: headers['wechatpay-serial'], signature: headers['wechatpay-signature'], apiSecret: config.wechat.api_v3_key,
    });
  } catch { return false; }
}

const stripe = new Stripe('sk_test_unused');
function stripeNotice({ number, fen }, byStranger) {
  const now = Math.floor(Date.now() / 1000);
  const payload = JSON.stringify({
    id: `evt_${number}`, object: 'event', api_version: config.stripe.api_version, created: now, livemode: false, pending_webhooks: 1,
    request: { id: null, idempotency_key: null }, type: 'payment_intent.succeeded',
    data: { object: {
      id: `pi_${number}`, object: 'payment_intent', amount: fen, amount_received: fen, currency: 'cny', created: now, livemode: false,
      metadata: { out_trade_no: number }, status: 'succeeded',
    } },
  });
  const header = (secret, text = payload) => stripe.webhooks.generateTestHeaderString({ payload: text, secret });
  const as = (signature, body = payload) => ({ headers: { 'content-type': 'application/json', 'stripe-signature': signature }, body });
  return {
    ...as(header(byStranger ? 'whsec_of_a_stranger' : config.stripe.secret)),
    spoilt: [as(header(config.stripe.secret), `${payload} `), as(`t=${now}`), as(header(config.stripe.secret).replace('t=', 't=1'))],
  };
}
function stripeTakes({ headers, body }) {
  try { return Boolean(stripe.webhooks.constructEvent(body, headers['stripe-signature'], config.stripe.secret)); } catch { return false; }
}

console.log(JSON.stringify({
  alipay: await judged('alipay', alipayNotice, ({ body }) => alipay.checkNotifySignV2(Object.fromEntries(new URLSearchParams(body)))),
  wechat: await judged('wechat', wechatNotice, wechatTakes),
  stripe: await judged('stripe', stripeNotice, stripeTakes),
}));
