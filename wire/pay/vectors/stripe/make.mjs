// Makes golden vectors with Stripe's own SDK for Node: what it sends, what it makes of errors, how it signs webhooks and
// which signatures it accepts.
//
//   npm install stripe@23.1.0       (anywhere; it is not part of this repository)
//   node make.mjs IN OUT
//
// reads calls.json, answers.json and keys.json from the folder IN and writes requests.npm.json, errors.npm.json and
// webhooks.json into the folder OUT. Nothing in them depends on time or chance: a second run writes the same bytes.
import Stripe from 'stripe';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [, , from, out] = process.argv;
if (!out) throw new Error('usage: node make.mjs IN OUT');
const load = file => JSON.parse(readFileSync(join(from, file), 'utf8'));
const save = (file, value) => writeFileSync(join(out, file), `${JSON.stringify(value, null, 1)}\n`);
const keys = load('keys.json');

// A Stripe that keeps what it was sent and answers what it is told to.
let received;
let answer = { status: 200, body: '{}' };
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const kept = ['authorization', 'stripe-version', 'idempotency-key', 'content-type'];
  const headers = Object.fromEntries(kept.filter(name => name in request.headers).map(name => [name, request.headers[name]]));
  received = { method: request.method, target: request.url, headers, body };
  response.writeHead(answer.status, { 'content-type': 'application/json' });
  response.end(answer.body);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const stripe = new Stripe(keys.api_key, {
  host: '127.0.0.1', port: server.address().port, protocol: 'http', maxNetworkRetries: 0, telemetry: false,
});

const camel = word => word.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const call = ({ service, method, id, params, key }) => {
  const resource = service.split('.').reduce((at, name) => at[camel(name)], stripe);
  const args = id === undefined ? [params] : [id, params];
  return resource[method](...args, key === undefined ? {} : { idempotencyKey: key });
};

const calls = load('calls.json');
const requests = [];
for (const one of calls) {
  await call(one);
  requests.push({ name: one.name, ...received });
}
save('requests.npm.json', requests);

const errors = [];
for (const { name, status, error } of load('answers.json')) {
  answer = { status, body: JSON.stringify({ error }) };
  const raised = await call(calls.find(one => one.name === 'get payment')).then(() => null, problem => problem.type);
  errors.push({ name, status, body: answer.body, raised });
}
save('errors.npm.json', errors);
server.close();

const now = 1772327107;
const event = {
  id: 'evt_1A', object: 'event', api_version: stripe.getApiField('version'), created: now - 1,
  data: { object: { id: 'pi_3A', object: 'payment_intent', amount: 1234, amount_received: 1234, currency: 'eur', created: now - 60,
    description: '流量包 é🎉 <&>', latest_charge: 'ch_3A', livemode: false, metadata: { out_trade_no: 'EL20260301000001' },
    payment_method: 'pm_1A', status: 'succeeded', customer: null, last_payment_error: null, next_action: null } },
  livemode: false, pending_webhooks: 1, request: { id: 'req_1A', idempotency_key: null }, type: 'payment_intent.succeeded',
};
const body = JSON.stringify(event, null, 2);
const sign = (secret, timestamp = now, payload = body, scheme = undefined) =>
  stripe.webhooks.generateTestHeaderString({ payload, secret, timestamp, scheme });
const hex = header => header.split('=').pop();
const [ours, next, other] = [keys.endpoint_secret, keys.endpoint_secret_next, keys.endpoint_secret_of_another];
const good = hex(sign(ours));

// Each with the refusal that this crate names; null where it accepts. Where it refuses what the SDK accepts, "stricter".
const webhooks = [
  ['paid', body, sign(ours), null],
  ['by either of two secrets', body, `t=${now},v1=${hex(sign(other))},v1=${good}`, null],
  ['with a signature of scheme v0', body, `t=${now},v1=${good},v0=${hex(sign(other))}`, null],
  ['with a part nobody knows yet', body, `t=${now},v2=abc,v1=${good},x`, null],
  ['time behind the signature', body, `v1=${good},t=${now}`, null],
  ['one line', JSON.stringify(event), sign(ours, now, JSON.stringify(event)), null],
  ['signed 300 s ago', body, sign(ours, now - 300), null],
  ['signed 300 s in the future', body, sign(ours, now + 300), null],
  ['signed 301 s ago', body, sign(ours, now - 301), 'TooOld'],
  ['signed 301 s in the future', body, sign(ours, now + 301), 'TooEarly', 'stricter'],
  ['two times', body, `t=${now - 400},t=${now},v1=${good}`, 'NoTimestamp', 'stricter'],
  ['a time with letters', body, `t=${now}s,v1=${good}`, 'NoTimestamp', 'stricter'],
  ['a large time', body, sign(ours, 99999999999999), 'TooEarly', 'stricter'],
  ['another amount', body.replaceAll('1234', '1'), sign(ours), 'BadSignature'],
  ['written again on one line', JSON.stringify(event), sign(ours), 'BadSignature'],
  ['a byte behind the end', `${body}\n`, sign(ours), 'BadSignature'],
  ['another time', body, `t=${now + 1},v1=${good}`, 'BadSignature'],
  ['another secret', body, sign(other), 'BadSignature'],
  ['signature cut short', body, `t=${now},v1=${good.slice(0, -2)}`, 'BadSignature'],
  ['signature in capitals', body, `t=${now},v1=${good.toUpperCase()}`, 'BadSignature'],
  ['signature of nothing', body, `t=${now},v1=`, 'BadSignature'],
  ['good signature under scheme v0', body, sign(ours, now, body, 'v0'), 'NoSignature'],
  ['no signature', body, `t=${now}`, 'NoSignature'],
  ['no time', body, `v1=${good}`, 'NoTimestamp'],
  ['empty header', body, '', 'NoTimestamp'],
].map(([name, payload, header, refusal, stricter]) => {
  let valid = true;
  try { stripe.webhooks.constructEvent(payload, header, ours, 300, undefined, now * 1000); } catch { valid = false; }
  if (valid !== (refusal === null || stricter !== undefined)) throw new Error(`the SDK judges "${name}" otherwise: ${valid}`);
  return { name, now_unix_s: now, header, body: payload, valid, refusal };
});
webhooks.push({ name: 'by the secret that comes next', now_unix_s: now, header: sign(next), body, valid: true, refusal: null, secret: next });
save('webhooks.json', webhooks);
