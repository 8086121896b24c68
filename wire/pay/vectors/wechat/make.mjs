// Makes the golden vectors of this folder: what npm `wechatpay-node-v3` sends, and messages of a gateway (made with
// Node's own cryptography) that it accepts or refuses.
//
//   npm install wechatpay-node-v3@2        (anywhere; it is not part of this repository)
//   node make.mjs OUT
//
// writes requests_node.json, messages.json and certificates.json into the folder OUT. PKCS#1 v1.5 signatures are
// deterministic, times and nonces are fixed, so a second run writes the same bytes. `make.py` does the rest.
import { createCipheriv, createSign } from 'node:crypto';
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const out = process.argv[2];
if (!out) throw new Error('usage: node make.mjs OUT');
const require = createRequire(import.meta.url);
const Pay = require('wechatpay-node-v3');
const keys = JSON.parse(readFileSync(join(dirname(fileURLToPath(import.meta.url)), 'keys.json'), 'utf8'));
const pem = (label, base64) => `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;

// 2026-03-01 09:05:07 in UTC+8; the SDK reads the clock and the random source itself.
const now = 1772327107;
const RealDate = Date;
globalThis.Date = class extends RealDate { constructor() { super(now * 1000); } };
Math.random = () => 0.123456789;

const pay = new Pay({
  appid: keys.appid, mchid: keys.mchid, serial_no: keys.serial_no, key: keys.api_v3_key,
  publicKey: Buffer.from(pem('PUBLIC KEY', keys.merchant.public_spki)),
  privateKey: Buffer.from(pem('PRIVATE KEY', keys.merchant.private_pkcs8)),
});

// What the SDK hands to its HTTP client; JSON.stringify is what that sends.
const base = 'https://api.mch.weixin.qq.com';
const requests = [];
let name, answer = {};
const keep = (method, url, headers, body) => {
  requests.push({ name, method, target: url.slice(base.length), body, authorization: headers.Authorization });
  return { status: 200, data: answer };
};
pay.createHttp({
  get: async (url, headers) => keep('GET', url, headers, ''),
  post: async (url, params, headers) => keep('POST', url, headers, JSON.stringify(params)),
});
const call = async (caseName, run) => { name = caseName; return run(); };

const trade = {
  description: '一月 10 GB “+%&=#/\\<>\'" é🎉', out_trade_no: 'EL20260301000001', time_expire: '2026-03-01T09:35:07+08:00',
  attach: 'a=1&b\n2', notify_url: 'https://pay.example.test/notify/wechat', amount: { total: 8888, currency: 'CNY' },
};
await call('native', () => pay.transactions_native(trade));
await call('native, nothing optional', () => pay.transactions_native({
  description: '流量', out_trade_no: 'EL20260301000002', notify_url: trade.notify_url, amount: { total: 1, currency: 'CNY' },
}));
answer = { prepay_id: 'wx26112221580621e9b071c00d9e093b0000' };
const client = (await call('jsapi', () => pay.transactions_jsapi({ ...trade, payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' } }))).data;
answer = {};
await call('h5', () => pay.transactions_h5({ ...trade, scene_info: { payer_client_ip: '14.23.150.211', h5_info: { type: 'Wap' } } }));
await call('query by out_trade_no', () => pay.query({ out_trade_no: 'EL20260301000001' }));
await call('query by transaction_id', () => pay.query({ transaction_id: '4200002030202603010000000001' }));
await call('close', () => pay.close('EL20260301000001'));
await call('refund by out_trade_no', () => pay.refunds({
  out_trade_no: 'EL20260301000001', out_refund_no: 'ELR1', reason: '未生效，退款 100%', notify_url: trade.notify_url,
  amount: { refund: 1050, total: 8888, currency: 'CNY' },
}));
await call('refund by transaction_id', () => pay.refunds({
  transaction_id: '4200002030202603010000000001', out_refund_no: 'ELR2', amount: { refund: 1, total: 8888, currency: 'CNY' },
}));
await call('refund query', () => pay.find_refunds('ELR1'));
await call('trade bill, packed', () => pay.tradebill({ bill_date: '2026-02-28', bill_type: 'ALL', tar_type: 'GZIP' }));
await call('trade bill', () => pay.tradebill({ bill_date: '2026-02-28', bill_type: 'ALL' }));
await call('fund flow bill, packed', () => pay.fundflowbill({ bill_date: '2026-02-28', account_type: 'BASIC', tar_type: 'GZIP' }));
await call('fund flow bill', () => pay.fundflowbill({ bill_date: '2026-02-28', account_type: 'OPERATION' }));
await call('bill download', () => pay.downloadBill(`${base}/v3/billdownload/file?token=6XIv5TUPto7pByrT_Cv%2Bisg&tartype=gzip`));

// The gateway's side, with Node's own cryptography.
const sign = (owner, text) => createSign('RSA-SHA256').update(text, 'utf8').sign(pem('PRIVATE KEY', owner.private_pkcs8), 'base64');
const seal = (plain, nonce, associated_data) => {
  const cipher = createCipheriv('aes-256-gcm', keys.api_v3_key, nonce);
  cipher.setAAD(Buffer.from(associated_data));
  return Buffer.concat([cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64');
};
const headers = (owner, body, nonce) => ({
  'Wechatpay-Timestamp': String(now), 'Wechatpay-Nonce': nonce,
  'Wechatpay-Signature': sign(owner, `${now}\n${nonce}\n${body}\n`), 'Wechatpay-Serial': owner.serial,
  'Wechatpay-Signature-Type': 'WECHATPAY2-SHA256-RSA2048',
});
const { certificate_old, certificate_new, public_key } = keys;

const listed = [[certificate_old, '61f9c719728a', '2021-04-01T08:00:00+08:00', '2026-04-01T08:00:00+08:00'],
  [certificate_new, '35f9c719727b', '2026-02-20T08:00:00+08:00', '2031-02-20T08:00:00+08:00']];
const list = JSON.stringify({ data: listed.map(([owner, nonce, effective_time, expire_time]) => ({
  serial_no: owner.serial, effective_time, expire_time,
  encrypt_certificate: { algorithm: 'AEAD_AES_256_GCM', nonce, associated_data: 'certificate', ciphertext: seal(owner.certificate_pem, nonce, 'certificate') },
})) });
answer = JSON.parse(list);
const fetched = await call('certificates', () => pay.get_certificates(keys.api_v3_key));
if (fetched.length !== 2) throw new Error('the SDK does not read the list');
Pay.certificates = Object.fromEntries(fetched.map(item => [item.serial_no, item.publicKey]));
Pay.certificates[public_key.serial] = pem('PUBLIC KEY', public_key.public_spki);
const sent = [...requests];
const certificates = { headers: headers(certificate_new, list, 'c5ac7061fccab6bf3e254dcf98995b8c'), body: list };

const transaction = JSON.stringify({
  mchid: keys.mchid, appid: keys.appid, out_trade_no: 'EL20260301000001', transaction_id: '4200002030202603010000000001',
  trade_type: 'NATIVE', trade_state: 'SUCCESS', trade_state_desc: '支付成功', bank_type: 'OTHERS', attach: 'a=1&b\n2',
  success_time: '2026-03-01T09:05:00+08:00', payer: { openid: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
  amount: { total: 8888, payer_total: 8788, currency: 'CNY', payer_currency: 'CNY' },
  promotion_detail: [{ coupon_id: '109519', name: '单品惠-6', scope: 'SINGLE', amount: 100, goods_detail: [] }],
});
const refund = status => JSON.stringify({
  mchid: keys.mchid, transaction_id: '4200002030202603010000000001', out_trade_no: 'EL20260301000001',
  refund_id: '50300802262026030100000000001', out_refund_no: 'ELR1', refund_status: status,
  ...(status === 'SUCCESS' ? { success_time: '2026-03-01T10:00:00+08:00' } : {}),
  user_received_account: '招商银行信用卡0403', amount: { total: 8888, refund: 1050, payer_total: 8788, payer_refund: 1038 },
});
const notice = (event_type, original_type, plain, nonce, associated_data, ciphertext = seal(plain, nonce, associated_data)) => JSON.stringify({
  id: 'EV-2018022511223320873', create_time: '2026-03-01T09:05:01+08:00', resource_type: 'encrypt-resource', event_type,
  summary: '支付成功', resource: { original_type, algorithm: 'AEAD_AES_256_GCM', ciphertext, associated_data, nonce },
});
const flip = base64 => { const bytes = Buffer.from(base64, 'base64'); bytes[bytes.length - 1] ^= 1; return bytes.toString('base64'); };

const paid = notice('TRANSACTION.SUCCESS', 'transaction', transaction, 'fdasflkja484', 'transaction');
const broken = notice('TRANSACTION.SUCCESS', 'transaction', transaction, 'fdasflkja484', 'transaction', flip(seal(transaction, 'fdasflkja484', 'transaction')));
const nonce = '5K8264ILTKCH16CQ2502SI8ZNMTM67VS';
const good = headers(public_key, paid, nonce);
const changed = (name, value) => ({ ...good, [name]: value });
const queried = transaction.replace('"bank_type"', '"scene_info":{"device_id":""},"bank_type"');
// Name, kind, headers, body, what is refused about it (nothing: null), what was sealed.
const messages = [
  ['paid', 'notice', good, paid, null, transaction],
  ['paid, by the old certificate', 'notice', headers(certificate_old, paid, nonce), paid, null, transaction],
  ['paid, by the new certificate', 'notice', headers(certificate_new, paid, nonce), paid, null, transaction],
  ...['SUCCESS', 'ABNORMAL', 'CLOSED'].map((status, at) => {
    const body = notice(`REFUND.${status}`, 'refund', refund(status), `refundnonce${at}`, 'refund');
    return [`refund ${status}`, 'notice', headers(public_key, body, nonce), body, null, refund(status)];
  }),
  ...[['an event nobody knows yet', 'MERCHANT.NEWS', '{"news":[1,{"a":"流"}]}', 'newsnonce001', ''],
    ['no associated data', 'TRANSACTION.SUCCESS', transaction, 'emptynonce01', '']].map(([name, event, plain, gcm, associated]) => {
    const body = notice(event, 'other', plain, gcm, associated);
    return [name, 'notice', headers(public_key, body, nonce), body, null, plain];
  }),
  ['query', 'response', headers(public_key, queried, nonce), queried, null],
  ['close', 'response', headers(certificate_new, '', nonce), '', null],
  ['not exist', 'response', headers(certificate_old, '{"code":"ORDER_NOT_EXIST","message":"订单不存在"}', nonce), '{"code":"ORDER_NOT_EXIST","message":"订单不存在"}', null],
  ['another timestamp', 'notice', changed('Wechatpay-Timestamp', String(now + 1)), paid, 'signature'],
  ['another nonce', 'notice', changed('Wechatpay-Nonce', `${nonce}x`), paid, 'signature'],
  ['another signature', 'notice', changed('Wechatpay-Signature', flip(good['Wechatpay-Signature'])), paid, 'signature'],
  ['the serial of another key', 'notice', changed('Wechatpay-Serial', certificate_new.serial), paid, 'signature'],
  ['the serial of no key', 'notice', changed('Wechatpay-Serial', '7777F09EFDC096DE15EBE81A47057A7232F1B8E1'), paid, 'serial'],
  ['a signature probe', 'notice', changed('Wechatpay-Signature', `WECHATPAY/SIGNTEST/${good['Wechatpay-Signature']}`), paid, 'probe'],
  ['a byte of the body', 'notice', good, paid.replace('EV-2018', 'EV-2019'), 'signature'],
  ['a space behind the body', 'notice', good, `${paid} `, 'signature'],
  ['the body written again', 'notice', good, JSON.stringify(JSON.parse(paid), null, 1), 'signature'],
  ['a resource whose tag was changed', 'notice', headers(public_key, broken, nonce), broken, 'sealed'],
];
const judged = [];
for (const [name, kind, signed, body, refused, plain] of messages) {
  let valid;
  try {
    valid = await pay.verifySign({
      timestamp: signed['Wechatpay-Timestamp'], nonce: signed['Wechatpay-Nonce'], body,
      serial: signed['Wechatpay-Serial'], signature: signed['Wechatpay-Signature'], apiSecret: keys.api_v3_key,
    });
  } catch { valid = false; }
  // This SDK does not check a resource's tag; make.py's does.
  if (valid !== (refused === null || refused === 'sealed')) throw new Error(`the SDK judges "${name}" otherwise: ${valid}`);
  if (plain && JSON.stringify(pay.decipher_gcm(...['ciphertext', 'associated_data', 'nonce'].map(k => JSON.parse(body).resource[k]))) !== plain) {
    throw new Error(`the SDK opens "${name}" otherwise`);
  }
  judged.push({ name, kind, headers: signed, body, refused, plain: plain ?? null });
}

const written = { requests_node: { now_unix_s: now, requests: sent, client }, messages: judged, certificates };
for (const [file, content] of Object.entries(written)) {
  writeFileSync(join(out, `${file}.json`), `${JSON.stringify(content, null, 1)}\n`);
}
