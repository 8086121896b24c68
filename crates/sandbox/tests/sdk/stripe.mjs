// Stripe's own SDK as a client of the sandbox's card gateway: opens a session, is told, refunds, lists what moved.
//
// `tests/it/sdk.rs` starts the gateway and runs this with its addresses and keys.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const Stripe = createRequire(import.meta.url)('stripe');
const config = JSON.parse(process.argv[2]);
const api = new URL(config.api);
const client = key => new Stripe(key, { protocol: 'http', host: api.hostname, port: api.port, maxNetworkRetries: 0, telemetry: false });
const stripe = client(config.key);

// The merchant's side: events wait in a queue until the one that is looked for is there.
const events = [];
let wake = () => {};
const merchant = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  events.push({ body, signature: request.headers['stripe-signature'] });
  response.end();
  wake();
});
merchant.listen(config.webhook_port, '127.0.0.1');
await once(merchant, 'listening');

async function told(type) {
  for (let seen = 0; ; seen += 1) {
    while (events.length <= seen) await new Promise(resolve => { wake = resolve; });
    const { body, signature } = events[seen];
    const event = stripe.webhooks.constructEvent(body, signature, config.secret);
    if (event.type !== type) continue;
    events.splice(seen, 1);
    assert.throws(() => stripe.webhooks.constructEvent(`${body} `, signature, config.secret), /signature/i);
    assert.throws(() => stripe.webhooks.constructEvent(body, signature, 'whsec_other'), /signature/i);
    return event;
  }
}

const holder = async (number, action) => {
  const answer = await fetch(`${config.control}/cards/${number}/${action}`, { method: 'POST' });
  assert.equal(answer.status, 200, await answer.text());
};
const open = (number, amount) => stripe.checkout.sessions.create({
  mode: 'payment',
  client_reference_id: number,
  success_url: 'http://shop.test/done',
  cancel_url: 'http://shop.test/back',
  expires_at: Math.floor(Date.now() / 1000) + 3600,
  allowed_payment_method_types: ['card'],
  adaptive_pricing: { enabled: false },
  line_items: [{ quantity: 1, price_data: { currency: 'cny', unit_amount: amount, product_data: { name: '流量 10 GB “+%&=#”' } } }],
  payment_intent_data: { metadata: { out_trade_no: number } },
}, { idempotencyKey: number });

const session = await open('SDK1', 990);
assert.deepEqual([session.status, session.payment_status, session.amount_total], ['open', 'unpaid', 990]);
assert.equal((await open('SDK1', 990)).id, session.id);
await assert.rejects(open('SDK1', 991), error => error.rawType === 'idempotency_error');
assert.equal((await fetch(session.url)).status, 200);

await holder('SDK1', 'decline');
assert.equal((await told('payment_intent.payment_failed')).data.object.last_payment_error.code, 'card_declined');
await holder('SDK1', 'pay');
const completed = (await told('checkout.session.completed')).data.object;
assert.deepEqual([completed.id, completed.payment_status, completed.client_reference_id], [session.id, 'paid', 'SDK1']);
const intent = await stripe.paymentIntents.retrieve(completed.payment_intent, { expand: ['latest_charge'] });
assert.deepEqual([intent.status, intent.amount_received, intent.metadata.out_trade_no], ['succeeded', 990, 'SDK1']);

const back = () => stripe.refunds.create({ payment_intent: intent.id, amount: 400, metadata: { out_request_no: 'R1' } }, { idempotencyKey: 'R1' });
const refund = await back();
assert.equal((await back()).id, refund.id);
assert.equal((await stripe.refunds.retrieve(refund.id)).amount, 400);
await assert.rejects(
  stripe.refunds.create({ payment_intent: intent.id, amount: 600 }, { idempotencyKey: 'R2' }),
  error => error.type === 'StripeInvalidRequestError',
);
const now = Math.floor(Date.now() / 1000);
const moved = await stripe.balanceTransactions.list({ created: { gte: now - 3600, lt: now + 3600 }, limit: 50, expand: ['data.source'] });
assert.deepEqual(new Set(moved.data.map(one => [one.type, one.amount].join())).has('charge,990'), true);

const other = await open('SDK2', 100);
assert.equal((await stripe.checkout.sessions.expire(other.id)).status, 'expired');
await assert.rejects(client('sk_test_another').checkout.sessions.retrieve(session.id), error => error.type === 'StripeAuthenticationError');

merchant.close();
merchant.closeAllConnections();
console.log('all checks passed');
