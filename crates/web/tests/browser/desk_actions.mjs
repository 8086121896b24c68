// Every action of the desk, done to its end by the member whose it is: what the page says afterwards, what the customer sees
// of it, who did it by the log; a second person where one is needed, and what is read by whoever acts from a page that is older
// than what a colleague did. In both languages, and once without JavaScript. Run it against a running demo:
//
//   npm install && node desk_actions.mjs http://localhost:7999 /tmp/screenshots ../../locales
//
// What the demo has no case of is made first, by customers who register, order and pay at the sandbox. It ends with 1 if
// anything was wrong.
import { Run, Table, gatewayFaults, launch, put } from "./desk_actions_shared.mjs";
import * as callers from "./desk_actions_callers.mjs";
import * as house from "./desk_actions_house.mjs";
import * as orders from "./desk_actions_orders.mjs";
import * as people from "./desk_actions_people.mjs";
import * as staff from "./desk_actions_staff.mjs";
import { faults } from "./round.mjs";

/// A customer with a line of their own, bought here, and with what the desk acts upon.
async function aCustomer(run, facts) {
  const owner = await run.newcomer("owner");
  facts.esimOwn = await orders.orders(owner, "/esim/buy?offering=esim-29@1", "alipay_qr");
  await orders.scans();
  await orders.becomes(owner, facts.esimOwn, "order-in-effect");
  facts.esim = await orders.atTheDesk(owner, facts.esimOwn);
  await owner.open("/home");
  facts.line = (await owner.links("/lines/")).find((path) => /^\/lines\/[0-9a-f]+$/.test(path));
}
/// Two orders above what one member may give back, and one that was paid by card.
async function itsOrders(run, facts) {
  const owner = await run.as("owner");
  for (const name of ["dear", "dear2"]) {
    const own = await orders.orders(owner, `${facts.line}/renew?offering=${facts.offering}`, "alipay_qr");
    await orders.scans();
    await orders.becomes(owner, own, "order-in-effect", "order-queued");
    Object.assign(facts, { [`${name}Own`]: own, [name]: await orders.atTheDesk(owner, own) });
  }
  const own = await orders.orders(owner, `${facts.line}/renew?offering=top-up-30@1`, "card");
  await orders.paysByCard();
  await orders.becomes(owner, own, "order-credited", "order-in-effect");
  facts.topUp = await orders.atTheDesk(owner, own);
}

/// What the log must say afterwards: the act, and whose it was last.
const LOG = [
  ["act-refund-asked", "hejing"], ["act-refund-approved", "senior"], ["act-refund-given", "finance"],
  ["act-refund-other-way", "finance"], ["act-invoice-settled", "hejing"], ["act-order-provider-asked", "hejing"],
  ["act-order-network-asked", "hejing"], ["act-line-pay-link-sent", "hejing"], ["act-order-evidence-taken", "hejing"],
  ["act-customer-revealed", "senior"], ["act-line-commanded", "hejing"], ["act-caller-proved", "hejing"],
  ["act-line-offered", "hejing"], ["act-credit-goodwill", "hejing"], ["act-credit-asked", "finance"],
  ["act-credit-approved", "finance2"], ["act-credit-declined", "finance2"], ["act-closing-sent", "finance"],
  ["act-identity-correction-decided", "operator"], ["act-recovery-refused", "operator"],
  ["act-contribution-decided", "hejing"], ["act-contribution-answered", "hejing"], ["act-case-merged", "hejing"],
  ["act-case-handed-on", "hejing"], ["act-prepared-removed", "senior"], ["act-catalog-published", "catalog"],
  ["act-catalog-retired", "catalog"], ["act-stock-given-back", "catalog"], ["act-staff-role-changed", "operator"],
  ["act-staff-disabled", "operator"], ["act-job-given-up", "operator"], ["act-message-test-sent", "operator"],
];

async function theDesk(run) {
  const facts = {};
  const chapters = [
    () => house.sells(run, facts), () => run.act("a customer with a line", () => aCustomer(run, facts)),
    () => callers.findsAndShows(run, facts), () => people.identities(run, facts),
    () => run.act("orders of the customer", () => itsOrders(run, facts)), () => callers.prepared(run, facts),
    () => callers.cases(run, facts), () => orders.refunds(run, facts), () => orders.otherWays(run, facts),
    () => orders.invoices(run, facts), () => orders.asksProvider(run, facts), () => orders.asksNetwork(run, facts),
    () => orders.payLinks(run, facts), () => orders.disputes(run, facts), () => people.credit(run, facts),
    () => people.contributions(run, facts), () => people.recoveries(run, facts), () => people.closings(run, facts),
    () => callers.linesCommanded(run, facts), () => callers.jobs(run, facts), () => house.sellsNoMore(run, facts),
    () => callers.changesOwner(run, facts), () => callers.preparedRemoved(run, facts), () => house.stock(run),
    () => house.connections(run), () => staff.members(run), () => staff.files(run), () => staff.logged(run, LOG),
  ];
  for (const chapter of chapters) {
    try {
      await chapter();
    } catch (error) {
      await run.act("a chapter that broke off", async () => {
        throw error;
      });
    }
  }
}

const table = new Table();
const browser = await launch();
const members = new Map();
const runs = [["zh-CN", true], ["en", true], ["en", false]].map(
  ([language, scripts]) => new Run(browser, table, members, language, scripts),
);
const only = process.env.ONLY_RUN;
const chosen = runs.filter((run) => !only || run.name === only);
await staff.team(chosen[0]);
await gatewayFaults();
const begun = Date.now();
for (const run of chosen) {
  const started = Date.now();
  await theDesk(run);
  console.log(`desk actions ${run.name}: ${((Date.now() - started) / 1000).toFixed(0)} s`);
}
await house.vouchers(chosen);
await house.bills(chosen, begun);
await put("gateway/faults", {});
for (const run of chosen) await run.close();
await browser.close();
table.print();
for (const fault of faults) console.log(`FAULT ${fault}`);
console.log(`desk actions: ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
