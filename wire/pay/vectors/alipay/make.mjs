// Makes the golden vectors of this folder with Alipay's own SDK: what it sends, what it accepts, what it rejects.
//
//   npm install alipay-sdk@4        (anywhere; it is not part of this repository)
//   NODE_PATH=.../node_modules node make.mjs OUT
//
// writes requests.json, responses.json, notifications.json and certificates.json into the folder OUT. PKCS#1 v1.5 signatures are
// deterministic and every time stamp is fixed, so a second run writes the same bytes.
import { createSign } from 'node:crypto';
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import querystring from 'node:querystring';

const out = process.argv[2];
if (!out) throw new Error('usage: node make.mjs OUT');
const { AlipaySdk } = createRequire(import.meta.url)('alipay-sdk');
const read = name => readFileSync(join(dirname(fileURLToPath(import.meta.url)), name), 'utf8');
const keys = JSON.parse(read('keys.json'));

const sign = (text, owner = 'gateway') => createSign('RSA-SHA256').update(text, 'utf8')
  .sign(`-----BEGIN PRIVATE KEY-----\n${keys[owner].private_pkcs8}\n-----END PRIVATE KEY-----`, 'base64');
const responseKey = method => `${method.replaceAll('.', '_')}_response`;

// A gateway that keeps what it was sent and answers with a signed success.
const received = [];
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const query = request.url.split('?')[1] ?? '';
  received.push({ query, body });
  const value = '{"code":"10000","msg":"Success"}';
  response.end(`{"${responseKey(querystring.parse(query).method)}":${value},"sign":"${sign(value)}"}`);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const gateway = `http://127.0.0.1:${server.address().port}/gateway.do`;

const sdk = new AlipaySdk({
  appId: keys.app_id,
  privateKey: keys.merchant.private_pkcs8,
  keyType: 'PKCS8',
  alipayPublicKey: keys.gateway.public_spki,
  gateway,
  camelcase: false,
});
const inCertificateMode = gatewayCertificate => new AlipaySdk({
  appId: keys.app_id,
  privateKey: keys.merchant.private_pkcs8,
  keyType: 'PKCS8',
  appCertContent: read('app.pem'),
  alipayPublicCertContent: read(gatewayCertificate),
  alipayRootCertContent: read('roots.pem'),
  gateway,
  camelcase: false,
});
const certified = { 'gateway.pem': inCertificateMode('gateway.pem'), 'gateway-next.pem': inCertificateMode('gateway-next.pem') };

const timestamp = '2026-03-01 09:05:07';
const timestamp_unix_s = 1772327107;
const notify_url = 'https://pay.example.test/notify/alipay?brand=1&x=a%20b';
const return_url = 'https://pay.example.test/order/流量?o=1';
const special = '10 GB 流量包 “+%&=#/\\<>\'" é🎉 \n\t*~()!';

const calls = [
  { name: 'precreate', via: 'exec', method: 'alipay.trade.precreate', notify_url,
    biz: { out_trade_no: 'EL20260301000001', total_amount: '88.88', subject: '一月 10 GB', timeout_express: '30m' } },
  { name: 'precreate, special characters', via: 'exec', method: 'alipay.trade.precreate', notify_url,
    biz: { out_trade_no: 'EL20260301000002', total_amount: '0.01', subject: special, body: special,
      goods_detail: [{ goods_id: 'a/b', goods_name: '套餐 & 语音', quantity: 1, price: '0.01' }], time_expire: '2026-03-01 09:35:07' } },
  { name: 'precreate, empty values', via: 'exec', method: 'alipay.trade.precreate', drop: { notify_url: '', app_auth_token: '' },
    biz: { out_trade_no: 'EL20260301000003', total_amount: '1.00', subject: 'x' } },
  { name: 'query by out_trade_no', via: 'exec', method: 'alipay.trade.query', biz: { out_trade_no: 'EL20260301000001' } },
  { name: 'query by trade_no', via: 'exec', method: 'alipay.trade.query', biz: { trade_no: '2026030122001400000001' } },
  { name: 'close', via: 'exec', method: 'alipay.trade.close', biz: { out_trade_no: 'EL20260301000001', operator_id: '值班1' } },
  { name: 'refund', via: 'exec', method: 'alipay.trade.refund', notify_url,
    biz: { out_trade_no: 'EL20260301000001', refund_amount: '10.5', out_request_no: 'ELR1', refund_reason: '未生效，退款 100%' } },
  { name: 'refund query', via: 'exec', method: 'alipay.trade.fastpay.refund.query',
    biz: { out_trade_no: 'EL20260301000001', out_request_no: 'ELR1', query_options: ['gmt_refund_pay', 'refund_detail_item_list'] } },
  { name: 'wap.pay as URL', via: 'url', method: 'alipay.trade.wap.pay', notify_url, return_url,
    biz: { out_trade_no: 'EL20260301000004', total_amount: '30.00', subject: special, product_code: 'QUICK_WAP_WAY', passback_params: 'a%3D1' } },
  { name: 'wap.pay as form', via: 'form', method: 'alipay.trade.wap.pay', notify_url, return_url,
    biz: { out_trade_no: 'EL20260301000005', total_amount: '30.00', subject: '流量 & <话费>', product_code: 'QUICK_WAP_WAY' } },
  { name: 'page.pay as URL', via: 'url', method: 'alipay.trade.page.pay', notify_url, return_url,
    biz: { out_trade_no: 'EL20260301000006', total_amount: '100000.00', subject: '全年', product_code: 'FAST_INSTANT_TRADE_PAY' } },
  { name: 'page.pay as form', via: 'form', method: 'alipay.trade.page.pay', notify_url, return_url,
    biz: { out_trade_no: 'EL20260301000007', total_amount: '0.01', subject: '“全年” & <话费>', product_code: 'FAST_INSTANT_TRADE_PAY',
      time_expire: '2026-03-01 09:35:07', qr_pay_mode: '2' } },
  { name: 'bill of a day', via: 'exec', method: 'alipay.data.dataservice.bill.downloadurl.query',
    biz: { bill_type: 'trade', bill_date: '2026-02-28' } },
  { name: 'account bill of a day', via: 'exec', method: 'alipay.data.dataservice.bill.downloadurl.query',
    biz: { bill_type: 'signcustomer', bill_date: '2026-02-28' } },
  { name: 'query in certificate mode', via: 'exec', certificates: true, method: 'alipay.trade.query', biz: { out_trade_no: 'EL20260301000001' } },
  { name: 'precreate in certificate mode', via: 'exec', certificates: true, method: 'alipay.trade.precreate', notify_url,
    biz: { out_trade_no: 'EL20260301000008', total_amount: '88.88', subject: special } },
  { name: 'wap.pay in certificate mode', via: 'url', certificates: true, method: 'alipay.trade.wap.pay', notify_url, return_url,
    biz: { out_trade_no: 'EL20260301000009', total_amount: '30.00', subject: '流量', product_code: 'QUICK_WAP_WAY' } },
  { name: 'page.pay in certificate mode', via: 'form', certificates: true, method: 'alipay.trade.page.pay', notify_url, return_url,
    biz: { out_trade_no: 'EL20260301000010', total_amount: '30.00', subject: '流量', product_code: 'FAST_INSTANT_TRADE_PAY' } },
];

async function send(call) {
  const params = { format: 'JSON', timestamp, bizContent: call.biz };
  if (call.notify_url) params.notifyUrl = call.notify_url;
  if (call.return_url) params.returnUrl = call.return_url;
  const by = call.certificates ? certified['gateway.pem'] : sdk;
  if (call.via === 'exec') {
    await by.exec(call.method, params, { validateSign: true });
    return received.pop();
  }
  const page = by.pageExecute(call.method, call.via === 'url' ? 'GET' : 'POST', params);
  if (call.via === 'url') return { query: page.slice(page.indexOf('?') + 1), body: '' };
  const [, action] = page.match(/action="([^"]*)"/);
  const fields = [...page.matchAll(/name="([^"]*)" value="([^"]*)" \/>/g)]
    .map(([, name, value]) => [name, value.replaceAll('&quot;', '"')]);
  return { query: action.slice(action.indexOf('?') + 1), body: new URLSearchParams(fields).toString() };
}

const requests = [];
for (const call of calls) {
  const sent = await send(call);
  const params = { ...querystring.parse(sent.query), ...querystring.parse(sent.body) };
  requests.push({
    name: call.name, method: call.method, timestamp, timestamp_unix_s,
    notify_url: call.notify_url ?? null, return_url: call.return_url ?? null,
    certificates: call.certificates ?? false, alipay_sdk: params.alipay_sdk ?? null, empty: Object.keys(call.drop ?? {}),
    biz_content: params.biz_content, sign: params.sign,
    sent_query: sent.query, sent_body: sent.body,
  });
}
server.close();

const accepts = run => { try { run(); return true; } catch { return false; } };
const queried = '{"code":"10000","msg":"Success","buyer_logon_id":"159****5620","buyer_user_id":"2088101117955611",'
  + '"out_trade_no":"EL20260301000001","send_pay_date":"2026-03-01 09:06:10","total_amount":"88.88",'
  + '"trade_no":"2026030122001400000001","trade_status":"TRADE_SUCCESS"}';
const envelope = (method, value, signature = sign(value)) => `{"${responseKey(method)}":${value},"sign":"${signature}"}`;
const precreated = '{"code":"10000","msg":"Success","out_trade_no":"EL20260301000001","qr_code":"https:\\/\\/qr.alipay.com\\/bavh4wjlxf12tper3a"}';
const responses = [
  ['query', 'alipay.trade.query', queried, envelope('alipay.trade.query', queried)],
  ['precreate with escaped slashes', 'alipay.trade.precreate', precreated, envelope('alipay.trade.precreate', precreated)],
  ['precreate written again without the escapes', 'alipay.trade.precreate', null,
    envelope('alipay.trade.precreate', precreated.replaceAll('\\/', '/'), sign(precreated))],
  ['another amount', 'alipay.trade.query', null, envelope('alipay.trade.query', queried.replace('88.88', '0.01'), sign(queried))],
  ['a signature of something else', 'alipay.trade.query', null, envelope('alipay.trade.query', queried, sign('{}'))],
  ...[
    ['close refused', 'alipay.trade.close', '{"code":"40004","msg":"Business Failed","sub_code":"ACQ.TRADE_NOT_EXIST","sub_msg":"交易不存在","out_trade_no":"EL20260301000001"}'],
    ['refund', 'alipay.trade.refund', '{"code":"10000","msg":"Success","buyer_logon_id":"159****5620","fund_change":"Y","gmt_refund_pay":"2026-03-01 10:00:00","out_trade_no":"EL20260301000001","refund_fee":"10.50","send_back_fee":"10.50","trade_no":"2026030122001400000001"}'],
    ['refund query', 'alipay.trade.fastpay.refund.query', '{"code":"10000","msg":"Success","out_request_no":"ELR1","out_trade_no":"EL20260301000001","refund_amount":"10.50","refund_status":"REFUND_SUCCESS","total_amount":"88.88","trade_no":"2026030122001400000001"}'],
    ['bill address', 'alipay.data.dataservice.bill.downloadurl.query', '{"code":"10000","msg":"Success","bill_download_url":"http:\\/\\/dwbillcenter.alipay.com\\/downloadBillFile.resource?bizType=trade&userId=20886219000000010156&fileType=csv.zip&bizDates=20260228&downloadFileName=20886219000000010156_20260228.csv.zip&fileId=%2Ftrade%2F1.csv.zip&timestamp=1772327107000&token=0"}'],
    ['braces, quotes and escapes in a text', 'alipay.trade.query', '{ "code" : "10000", "msg":"Success","subject":"a}{\\"sign\\\\ \\u6d41量🎉","list":[{"a":[1,2.50,true,null]},{}],"out_trade_no":"E1","total_amount":"1.5","trade_no":"2","trade_status":"WAIT_BUYER_PAY" }'],
  ].map(([name, method, value]) => [name, method, value, envelope(method, value)]),
].map(([name, method, raw, body]) => {
  const valid = accepts(() => sdk.checkResponseSign(body, responseKey(method), JSON.parse(body).sign, ''));
  if (valid !== (raw !== null)) throw new Error(`the SDK judges "${name}" otherwise: ${valid}`);
  return { name, method, body, valid, raw };
});

const paid = {
  gmt_create: '2026-03-01 09:05:59', charset: 'utf-8', gmt_payment: '2026-03-01 09:06:10', notify_time: '2026-03-01 09:06:11',
  subject: special, buyer_id: '2088101117955611', passback_params: 'a%3D1', invoice_amount: '88.88', version: '1.0',
  notify_id: '2026030100222090610055611000000001', fund_bill_list: '[{"amount":"88.88","fundChannel":"ALIPAYACCOUNT"}]',
  notify_type: 'trade_status_sync', out_trade_no: 'EL20260301000001', total_amount: '88.88', trade_status: 'TRADE_SUCCESS',
  trade_no: '2026030122001400000001', auth_app_id: keys.app_id, receipt_amount: '88.88', point_amount: '0.00',
  buyer_pay_amount: '88.88', app_id: keys.app_id, seller_id: '2088621900000001', buyer_logon_id: '159****5620',
};
const content = params => Object.keys(params).filter(k => k !== 'sign' && k !== 'sign_type').sort().map(k => `${k}=${params[k]}`).join('&');
const signed = params => ({ ...params, sign_type: 'RSA2', sign: sign(content(params)) });
const plus = params => new URLSearchParams(params).toString();
const notifications = [
  ['paid', true, plus(signed(paid))],
  ['paid, spaces as %20', true, querystring.stringify(signed(paid))],
  ['a field nobody knows yet', true, plus(signed({ ...paid, zz_new_field: '新 & 旧=1' }))],
  ['an empty value that was signed', true, plus(signed({ ...paid, body: '' }))],
  ['refund', true, plus(signed({ ...paid, out_biz_no: 'ELR1', refund_fee: '10.50', gmt_refund: '2026-03-01 10:00:00.123' }))],
  ['closed', true, plus(signed({ ...paid, trade_status: 'TRADE_CLOSED', gmt_close: '2026-03-01 11:00:00' }))],
  ['another amount', false, plus({ ...signed(paid), total_amount: '0.01' })],
  ['passback decoded twice', false, plus({ ...signed(paid), passback_params: 'a=1' })],
  ['a field added', false, plus({ ...signed(paid), zz: '1' })],
  ['no signature', false, plus({ ...paid, sign_type: 'RSA2' })],
  ['sign_type RSA over the same content', false, plus({ ...signed(paid), sign_type: 'RSA' })],
].map(([name, expected, body]) => {
  const params = { ...querystring.parse(body) };
  const valid = sdk.checkNotifySignV2(params);
  if (valid !== expected) throw new Error(`the SDK judges "${name}" otherwise: ${valid}`);
  return { name, body, valid, content: content(params) };
});

const { appCertSn, alipayCertSn, alipayRootCertSn } = certified['gateway.pem'].config;
const nextCertSn = certified['gateway-next.pem'].config.alipayCertSn;
const named = (value, owner, sn) => `{"alipay_trade_query_response":${value},"alipay_cert_sn":"${sn}","sign":"${sign(value, owner)}"}`;
const signedBy = (owner, params) => ({ ...params, sign_type: 'RSA2', sign: sign(content(params), owner) });
const certificates = {
  names: { 'app.pem': appCertSn, 'gateway.pem': alipayCertSn, 'gateway-next.pem': nextCertSn, 'roots.pem': alipayRootCertSn },
  // What the SDK says of each message with either certificate of the gateway.
  responses: [
    ['the certificate', named(queried, 'gateway', alipayCertSn)],
    ['the next certificate', named(queried, 'gateway_next', nextCertSn)],
    ['the next certificate is named, the old one signed', named(queried, 'gateway', nextCertSn)],
    ['the name after the signature',
      `{"alipay_trade_query_response":${queried},"sign":"${sign(queried)}","alipay_cert_sn":"${alipayCertSn}"}`],
    ['another amount', named(queried, 'gateway', alipayCertSn).replace('88.88', '0.01')],
  ].map(([name, body]) => ({ name, method: 'alipay.trade.query', body, raw: queried,
    accepted_with: Object.keys(certified).filter(file => accepts(() =>
      certified[file].checkResponseSign(body, 'alipay_trade_query_response', JSON.parse(body).sign, ''))) })),
  notifications: [
    ['no name', plus(signedBy('gateway', paid))],
    ['no name, the next certificate', plus(signedBy('gateway_next', paid))],
    ['a name', plus(signedBy('gateway_next', { ...paid, alipay_cert_sn: nextCertSn }))],
    ['a name that was not signed', plus({ ...signedBy('gateway', paid), alipay_cert_sn: alipayCertSn })],
  ].map(([name, body]) => ({ name, body,
    accepted_with: Object.keys(certified).filter(file => certified[file].checkNotifySignV2({ ...querystring.parse(body) })) })),
};

for (const [file, cases] of Object.entries({ requests, responses, notifications, certificates })) {
  writeFileSync(join(out, `${file}.json`), `${JSON.stringify(cases, null, 1)}\n`);
}
