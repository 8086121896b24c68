// What the desk does about orders: money goes back with a second person's leave, and another way where a provider refuses;
// an invoice is made; provider and network are asked again; a link to pay is sent and paid; evidence is taken away.
import { gatewayFaults, messageTo, never, newestCard, post, put, stamp, until } from "./desk_actions_shared.mjs";
import { control, newestTrade } from "./outside.mjs";

/// Orders what is chosen on a page, by a method.
export async function orders(person, path, method) {
  await person.open(path);
  const { page } = person;
  if (await person.has('input[name="risk"]')) await page.check('input[name="risk"]');
  await page.check('input[name="terms"]');
  await page.check(`input[name="method"][value="${method}"]`);
  await person.press("button.pay");
  const there = new URL(page.url()).pathname;
  never(!/^\/(orders|o)\//.test(there), `ordering leads to ${there}: ${await person.begins()}`);
  return there;
}

/// Pays by scanning, at the sandbox's phone.
export async function scans() {
  const { out_trade_no: trade } = await newestTrade();
  await post(`trades/${trade}/scan`);
  await post(`trades/${trade}/pay`);
  return trade;
}
export async function paysByCard() {
  const session = await newestCard();
  await post(`cards/${session}/pay`);
  return session;
}

/// Until an order's page says so; with scripts it changes by itself.
export async function becomes(person, order, ...keys) {
  await person.open(order);
  const said = async () => {
    const text = await person.text("main h1");
    return keys.some((key) => person.words.pattern(key).test(text));
  };
  await until(`an order that is ${keys}`, said, () => person.open(order));
}

/// The address of an order at the desk, by the number that its owner reads.
export async function atTheDesk(person, order) {
  await person.open(order);
  const rows = await person.page.$$eval("dl.facts > div", (rows) => rows.map((row) => row.innerText.split("\n")));
  const row = rows.find(([name]) => name.trim() === person.words.get("order-fact-number"));
  never(!row, "an order's page has no number");
  return `/desk/orders/${row.at(-1).replace(/\s/g, "")}`;
}

const form = 'form[action$="/refund"]';
/// Asks for money of an order to go back.
async function asksBack(member, order, amount, reason, keeps = false) {
  await member.open(order);
  await member.fill({ "#refund-amount": amount, "#refund-reason": reason });
  if (keeps) await member.page.check('input[name="keeps"]');
  await member.press(`${form} button`);
}
/// Until the provider has given it back.
async function isGivenBack(member, order) {
  const state = async () => member.words.get("desk-refund-state-done") === (await member.fact("desk-refund", "desk-state"));
  await until("a refund that is done", state, () => member.open(order));
}
const request = 'form[action*="/refund/"]:has(input[name="verdict"])';
const decides = (verdict) => `form:has(input[name="verdict"][value="${verdict}"])`;

export async function refunds(run, facts) {
  const owner = await run.as("owner");
  const [agent, senior, finance] = [await run.as("hejing"), await run.as("senior"), await run.as("finance")];
  const reason = run.in(`来电要求退款 ${stamp}`, `Asked by phone ${stamp}`);
  await run.act("refund above the limit: asked", async () => {
    await asksBack(agent, facts.dear, "", reason);
    await agent.states("desk-refund-request", "desk-state", "desk-refund-requested");
    await agent.states("desk-refund-request", "desk-refund-asked-by", "何静");
    await agent.states("desk-refund-request", "desk-price", "128.00");
    await senior.open("/desk");
    never(!(await senior.has(`#refunds + ul a[href="${facts.dear}"]`)), "it is not in the queue");
  });
  await run.act("refund: whoever asked cannot approve", async () => {
    await agent.open(facts.dear);
    never(await agent.has(decides("approve")), "there is a button to approve it");
    await agent.says("desk-refund-withdraw", {}, request);
    await agent.forges(request, "verdict", "approve");
    await agent.says("refund-undecided-same-person", {}, '[role="alert"]');
    await agent.states("desk-refund-request", "desk-state", "desk-refund-requested");
  });
  await run.act("refund: an auditor looks and decides nothing", async () => {
    const auditor = await run.as("auditor");
    await auditor.open(facts.dear);
    await auditor.states("desk-refund-request", "desk-state", "desk-refund-requested");
    never(await auditor.has(request), "there is something to decide");
  });
  await run.act("refund: approved by a second person", async () => {
    await senior.open(facts.dear);
    await senior.press(`${decides("approve")} button`);
    await senior.states("desk-refund-request", "desk-state", "desk-refund-approved");
    await senior.states("desk-refund-request", "desk-refund-decided-by", run.team.names.senior);
    await isGivenBack(senior, facts.dear);
    await becomes(owner, facts.dearOwn, "order-refunded");
  });
  await twoSessions(run, facts, reason);
  await run.act("refund: a stale page of a second decider", async () => {
    await finance.open(facts.dear2);
    await senior.open(facts.dear2);
    await senior.press(`${decides("decline")} button`);
    await senior.states("desk-refund-request", "desk-state", "desk-refund-declined");
    await finance.press(`${decides("approve")} button`);
    await finance.says("refund-undecided-not-waiting", {}, '[role="alert"]');
    await finance.states("desk-refund-request", "desk-refund-decided-by", run.team.names.senior);
    await becomes(owner, facts.dear2Own, "order-queued", "order-in-effect");
  });
  await run.act("refund: withdrawn by whoever asked", async () => {
    await asksBack(agent, facts.dear2, "100.01", reason, true);
    await agent.states("desk-refund-request", "desk-refund-service", "desk-refund-kept");
    await agent.press(`${decides("decline")} button`);
    await agent.states("desk-refund-request", "desk-state", "desk-refund-declined");
    await agent.states("desk-refund-request", "desk-refund-decided-by", "何静");
  });
  await run.act("refund within the limit, by one person", async () => {
    await asksBack(agent, facts.dear2, "1.00", reason, true);
    await agent.states("desk-refund-request", "desk-state", "desk-refund-done");
    await agent.states("desk-refund", "desk-price", "1.00");
    await isGivenBack(agent, facts.dear2);
    await agent.says("desk-refund-left", { name: "¥127.00" });
  });
}

/// One person with two browsers is one person; and one who asked while a colleague asked too reads who was first.
async function twoSessions(run, facts, reason) {
  await run.act("refund: one member in two browsers is one person", async () => {
    const [one, other] = [await run.as("operator"), await run.another("operator")];
    await asksBack(one, facts.dear2, "", reason);
    await one.states("desk-refund-request", "desk-state", "desk-refund-requested");
    await other.open(facts.dear2);
    never(await other.has(decides("approve")), "the same person's other browser has a button to approve it");
    await other.forges(request, "verdict", "approve");
    await other.says("refund-undecided-same-person", {}, '[role="alert"]');
    await other.states("desk-refund-request", "desk-state", "desk-refund-requested");
  });
}

/// Money that a provider refuses to give back waits in suspense until people give it another way.
export async function otherWays(run, facts) {
  const finance = await run.as("finance");
  const reason = run.in("多付了", "Paid too much");
  const given = async (way, key, fields) => {
    await put("cards/refunds-end", "failed");
    try {
      await asksBack(finance, facts.topUp, "10.00", reason);
      await until("a refund that was refused", () => finance.has('input[name="way"]'), () => finance.open(facts.topUp));
    } finally {
      await put("cards/refunds-end", "succeeded");
    }
    await finance.states("desk-refund", "desk-state", "desk-refund-state-failed");
    await finance.open("/desk/money/suspense");
    never(!(await finance.has(`main a[href="${facts.topUp}"]`)), "it is not in suspense");
    await finance.shows("10.00");
    await finance.open(facts.topUp);
    await finance.fill(fields);
    await finance.press(`form:has(input[name="way"][value="${way}"]) button`);
    await finance.states("desk-refund", "desk-state", key);
    await finance.open("/desk/money/suspense");
    never(await finance.has(`main a[href="${facts.topUp}"]`), "it is in suspense still");
  };
  await run.act("refused refund and suspense: given as credit", () => given("credit", "desk-refund-state-credited", {}));
  await run.act("refused refund and suspense: sent from the bank", () =>
    given("bank", "desk-refund-state-paid-out", { 'input[name="bank_id"]': `B${stamp}${run.name}` }),
  );
}

/// A tax invoice is asked for by the owner.
async function asksInvoice(owner, order) {
  await owner.open(`${order}/invoice`);
  await owner.fill({ "#title": owner.words.get("invoice-person"), "#email": "somebody@example.org" });
  await owner.press("main form button");
  await owner.says("invoice-requested");
}

export async function invoices(run, facts) {
  const [owner, agent, finance] = [await run.as("owner"), await run.as("hejing"), await run.as("finance")];
  await run.act("invoice: number written down", async () => {
    await asksInvoice(owner, facts.dear2Own);
    await agent.open("/desk");
    never(!(await agent.has(`main a[href="${facts.dear2}"]`)), "it is not in the queue");
    await agent.open(facts.dear2);
    await finance.open(facts.dear2);
    await agent.fill({ "#number": `26${stamp}`, "#link": "https://example.org/invoice.pdf" });
    await agent.press('form:has(input[value="issue"]) button');
    await agent.states("invoice-title", "desk-state", "invoice-issued");
    await agent.shows(`26${stamp}`);
    await owner.open(`${facts.dear2Own}/invoice`);
    await owner.says("invoice-issued");
    await owner.shows(`26${stamp}`);
  });
  await run.act("invoice: a colleague's stale page", async () => {
    await finance.fill({ "#reason": run.in("抬头不对", "Another name") });
    await finance.press('form:has(input[value="refuse"]) button');
    await finance.says("problem-no-invoice-not-waiting");
    await finance.open(facts.dear2);
    await finance.states("invoice-title", "desk-state", "invoice-issued");
  });
  await run.act("invoice: refused with a reason", async () => {
    await asksInvoice(owner, facts.esimOwn);
    await agent.open(facts.esim);
    await agent.fill({ "#reason": run.in("抬头不完整", "The name is not complete") });
    await agent.press('form:has(input[value="refuse"]) button');
    await agent.states("invoice-title", "desk-state", "invoice-refused");
    await owner.open(`${facts.esimOwn}/invoice`);
    await owner.says("invoice-refused");
    await owner.shows(run.in("抬头不完整", "The name is not complete"));
  });
}

const alipay = (answers) => gatewayFaults({ notify: { drop: answers !== undefined }, answers: answers ?? [] });
/// A provider that tells nothing by itself is asked by hand.
export async function asksProvider(run, facts) {
  const [owner, agent] = [await run.as("owner"), await run.as("hejing")];
  const says = async (key) => {
    await agent.press('form[action$="/ask"] button');
    await agent.says(key, {}, '[role="status"]');
  };
  await run.act("provider asked again", async () => {
    try {
      // It answers nothing and tells nothing, so that only whoever asks by hand hears of it.
      await alipay([{ method: "alipay.trade.query", kind: "http_500" }]);
      const own = await orders(owner, `${facts.line}/renew?offering=data-1g-7d@1`, "alipay_qr");
      const order = await atTheDesk(owner, own);
      await agent.open(order);
      await says("desk-heard-silent");
      await scans();
      await alipay([]);
      await says("desk-heard-paid");
      await agent.states("desk-attempt", "desk-state", "desk-attempt-paid");
      await becomes(owner, own, "order-in-effect");
    } finally {
      await alipay();
    }
  });
}

/// An order that the partner network has and does not confirm; and one that it refuses.
export async function asksNetwork(run, facts) {
  const [owner, agent] = [await run.as("owner"), await run.as("hejing")];
  const buys = async () => {
    const { activations } = await control("upstream/activations");
    const known = new Set(activations.map((one) => one.request_id));
    await put("upstream/modes", { next: ["submitted"], standing: "accept" });
    const own = await orders(owner, "/esim/buy?offering=thailand-10g-7d@1", "alipay_qr");
    const order = await atTheDesk(owner, own);
    await scans();
    const asked = async () => (await control("upstream/activations")).activations.find((one) => !known.has(one.request_id));
    return [own, order, (await until("an activation", asked)).request_id];
  };
  const says = async (order, key, then) => {
    await agent.open(order);
    await agent.page.waitForSelector('form[action$="/provision"]');
    if (then) await then();
    await agent.press('form[action$="/provision"] button');
    // It asks by itself too, and may have heard in this very moment.
    const text = await agent.text('[role="status"], [role="alert"]');
    const fits = run.words.pattern(key).test(text) || (then && run.words.pattern("desk-stale-order").test(text));
    never(!fits && !run.words.pattern("desk-provision-running").test(text), `${key} is not said, but: ${text}`);
  };
  await run.act("network asked again: confirms", async () => {
    const [own, order, activation] = await buys();
    await agent.open("/desk");
    never(!(await agent.has(`main a[href="${order}"]`)), "it is not in the queue");
    await says(order, "desk-provision-submitted");
    await says(order, "desk-provision-confirmed", () => post(`upstream/activations/${activation}/confirm`));
    await becomes(owner, own, "order-starts-on-first-use", "order-in-effect", "order-queued");
    facts.travelOwn = own;
  });
  await run.act("network asked again: refuses", async () => {
    const [own, order, activation] = await buys();
    const refuses = () => post(`upstream/activations/${activation}/refuse`, { reason: "no such plan" });
    await says(order, "desk-provision-refused", refuses);
    await becomes(owner, own, "order-refunded");
  });
}

/// A link to pay goes out by message, and whoever opens it pays; for the line, and for an order that its owner had begun.
export async function payLinks(run, facts) {
  const [owner, agent] = [await run.as("owner"), await run.as("hejing")];
  const link = async (since) => {
    const fits = (message) => message.template === "pay_link" && message.at_us > since;
    const message = await until("a message with a link to pay", () => messageTo(owner.number, fits));
    return new URL(message.text.match(/https?:\/\/\S+\/p\/[\w-]+/)[0]).pathname;
  };
  await run.act("link to pay sent for a line, opened by a stranger and paid", async () => {
    const since = Date.now() * 1000 - 1;
    await agent.open(facts.deskLine);
    await agent.unfold("#link-offering");
    await agent.page.selectOption("#link-offering", "voice-60m@1");
    await agent.press('form[action$="/pay-link"] button');
    await agent.says("desk-done-link", {}, '[role="status"]');
    const path = await link(since);
    const stranger = await run.browserOf("stranger");
    await stranger.open(path);
    never(!/\/renew\//.test(stranger.page.url()), `the link leads to ${stranger.page.url()}`);
    await stranger.shows("6.00");
    const { pathname, search } = new URL(stranger.page.url());
    const order = await orders(stranger, pathname + search, "alipay_qr");
    await scans();
    await becomes(stranger, order, "order-in-effect", "order-done");
    await agent.open(`${facts.deskLine}&kind=messages`);
    await agent.says("told-pay-link");
  });
  await run.act("link to pay sent for an order, opened by its owner and paid", async () => {
    const own = await orders(owner, `${facts.line}/renew?offering=sms-50@1`, "alipay_qr");
    const since = Date.now() * 1000 - 1;
    await agent.open(await atTheDesk(owner, own));
    await agent.press('form[action$="/pay-link"] button');
    await agent.says("desk-done-link", {}, '[role="status"]');
    await owner.open(await link(since));
    never(new URL(owner.page.url()).pathname !== own, `the link leads to ${owner.page.url()}`);
    await scans();
    await becomes(owner, own, "order-in-effect");
  });
}

/// A card payment is disputed, and its evidence taken away as two files.
export async function disputes(run, facts) {
  const [owner, agent] = [await run.as("owner"), await run.as("hejing")];
  await run.act("evidence of a dispute taken away", async () => {
    const own = await orders(owner, `${facts.line}/renew?offering=top-up-30@1`, "card");
    const session = await paysByCard();
    await becomes(owner, own, "order-credited", "order-in-effect");
    const order = await atTheDesk(owner, own);
    await post(`cards/${session}/dispute`);
    await agent.open(order);
    await until("a dispute", () => agent.has('a[href$="/evidence.json"]'), () => agent.open(order));
    await agent.states("desk-dispute", "desk-price", "30.00");
    const number = order.split("/").at(-1);
    const json = JSON.parse(await agent.takes('a[href$="/evidence.json"]'));
    never(!JSON.stringify(json).includes(number), "the evidence does not name its order");
    await agent.open(order);
    const text = await agent.takes('a[href$="/evidence.txt"]');
    never(!text.replace(/\s/g, "").includes(number), "the evidence as text does not name its order");
    await agent.open("/desk");
    never(!(await agent.has(`main a[href="${order}"]`)), "it is not among the disputes");
  });
}
