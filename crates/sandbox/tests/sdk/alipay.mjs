// Alipay's own SDK as a client of the sandbox gateway: pays, is notified, refunds, and checks every signature.
//
//   npm install alipay-sdk@4        (anywhere; it is not part of this repository)
//   NODE_PATH=.../node_modules node alipay.mjs '{"gateway": ..., "control": ..., "app_id": ..., ...}'
//
// `tests/it/sdk.rs` starts the gateway and runs this.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import querystring from 'node:querystring';

const { AlipaySdk } = createRequire(import.meta.url)('alipay-sdk');
const config = JSON.parse(process.argv[2]);
const options = {
  appId: config.app_id,
  privateKey: config.private_key,
  keyType: 'PKCS8',
  gateway: config.gateway,
  ...(config.certificates
    ? {
        appCertContent: config.certificates.app,
        alipayRootCertContent: config.certificates.roots,
        alipayPublicCertContent: config.certificates.gateway,
      }
    : { alipayPublicKey: config.alipay_public_key }),
};
const sdk = new AlipaySdk(options);

// The merchant's side: notifications wait in a queue.
const queue = [];
let wake = () => {};
const merchant = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  queue.push(body);
  response.end('success');
  wake();
});
merchant.listen(0, '127.0.0.1');
await once(merchant, 'listening');
const notifyUrl = `http://127.0.0.1:${merchant.address().port}/notify`;

async function notification() {
  while (queue.length === 0) await new Promise(resolve => { wake = resolve; });
  const params = { ...querystring.parse(queue.shift()) };
  assert.ok(sdk.checkNotifySignV2(params), 'the SDK refuses the notification');
  return params;
}

const exec = (method, bizContent, extra = {}) => sdk.exec(`alipay.trade.${method}`, { bizContent, ...extra }, { validateSign: true });
const payer = async (number, action) => {
  const answer = await fetch(`${config.control}/trades/${number}/${action}`, { method: 'POST' });
  assert.equal(answer.status, 200);
};

const subject = '流量 10 GB “+%&=#/\\<>"';
const created = await exec('precreate', { out_trade_no: 'SDK1', total_amount: '88.88', subject, passback_params: 'a%3D1' }, { notifyUrl });
assert.equal(created.code, '10000');
assert.match(created.qrCode, /^http:\/\/127\.0\.0\.1:\d+\/qr\/[0-9a-f]{32}$/);
for (const method of ['query', 'close']) {
  const absent = await exec(method, { out_trade_no: 'SDK1' });
  assert.deepEqual([absent.code, absent.subCode], ['40004', 'ACQ.TRADE_NOT_EXIST']);
}
assert.equal((await fetch(created.qrCode)).status, 200);
assert.equal((await exec('query', { out_trade_no: 'SDK1' })).tradeStatus, 'WAIT_BUYER_PAY');
await payer('SDK1', 'pay');
const paid = await notification();
assert.deepEqual(
  [paid.trade_status, paid.total_amount, paid.subject, paid.passback_params, paid.seller_id, paid.app_id],
  ['TRADE_SUCCESS', '88.88', subject, 'a%3D1', config.seller_id, config.app_id],
);
const queried = await exec('query', { trade_no: paid.trade_no });
assert.deepEqual([queried.tradeStatus, queried.outTradeNo, queried.totalAmount], ['TRADE_SUCCESS', 'SDK1', '88.88']);

const refund = { out_trade_no: 'SDK1', refund_amount: '8.88', out_request_no: 'R1', refund_reason: '未生效，退款 10%' };
assert.deepEqual(await exec('refund', refund).then(r => [r.fundChange, r.refundFee]), ['Y', '8.88']);
assert.deepEqual(await exec('refund', refund).then(r => [r.fundChange, r.refundFee]), ['N', '8.88']);
const told = await notification();
assert.deepEqual([told.out_biz_no, told.refund_fee], ['R1', '8.88']);
const refunded = await exec('fastpay.refund.query', { out_trade_no: 'SDK1', out_request_no: 'R1' });
assert.deepEqual([refunded.refundStatus, refunded.refundAmount], ['REFUND_SUCCESS', '8.88']);

// The cashier page: by link and by form.
const page = { bizContent: { out_trade_no: 'SDK2', total_amount: '1.00', subject }, notifyUrl, returnUrl: notifyUrl };
const link = sdk.pageExecute('alipay.trade.wap.pay', 'GET', page);
const opened = await fetch(link);
assert.ok(opened.url.includes('/pay/') && (await opened.text()).includes('1.00'));
const html = sdk.pageExecute('alipay.trade.page.pay', 'POST', { ...page, bizContent: { ...page.bizContent, out_trade_no: 'SDK3' } });
const [, action] = html.match(/action="([^"]*)"/);
const fields = [...html.matchAll(/name="([^"]*)" value="([^"]*)" \/>/g)].map(([, name, value]) => [name, value.replaceAll('&quot;', '"')]);
const posted = await fetch(action, { method: 'POST', body: new URLSearchParams(fields) });
assert.ok(posted.url.includes('/pay/'));
const back = await fetch(posted.url, { method: 'POST', body: new URLSearchParams({ action: 'pay' }), redirect: 'manual' });
assert.equal(back.status, 303);
const returned = Object.fromEntries(new URL(back.headers.get('location')).searchParams);
assert.ok(sdk.checkNotifySignV2(returned), 'the SDK refuses the return parameters');
assert.equal((await notification()).out_trade_no, 'SDK3');

// Closing what waits.
assert.equal((await exec('close', { out_trade_no: 'SDK2' })).code, '10000');
assert.equal((await notification()).trade_status, 'TRADE_CLOSED');

// Another key than the merchant's: refused, and the refusal is signed. (For this check any other RSA key will do.)
const { generateKeyPairSync } = await import('node:crypto');
const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'der', type: 'pkcs8' });
const stranger = new AlipaySdk({ ...options, privateKey: other.toString('base64') });
const refused = await stranger.exec('alipay.trade.query', { bizContent: { out_trade_no: 'SDK1' } }, { validateSign: true });
assert.deepEqual([refused.code, refused.subCode], ['40002', 'isv.invalid-signature']);

merchant.close();
merchant.closeAllConnections();
console.log('all checks passed');
