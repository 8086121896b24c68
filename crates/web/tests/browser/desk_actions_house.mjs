// What the desk does about the house: what is sold, the stock, vouchers, connections, test messages, and bills that differ.
import { gatewayFaults, messageTo, never, stamp, until } from "./desk_actions_shared.mjs";
import { aNumber } from "./outside.mjs";

const act = (member, what) => member.press(`main form button[value="${what}"]`);
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);

/// A plan is written, changed, planned, taken back and put on sale.
export async function sells(run, facts) {
  const [catalog, operator] = [await run.as("catalog"), await run.as("operator")];
  const code = `desk-${stamp}-${run.language.slice(0, 2)}-${run.scripts ? "s" : "n"}`;
  facts.offering = `${code}@1`;
  facts.about = `main section[aria-label="${run.words.get("catalog-facts")}"] dl`;
  const path = `/desk/catalog/${facts.offering}`;
  facts.planName = `${run.in("大流量套餐", "Much data")} ${stamp}`;
  await run.act("catalog: draft written", async () => {
    await catalog.open("/desk/catalog/new");
    const fields = { code, name_zh: facts.planName, name_en: facts.planName, price: "99.00", data: "60000", lasts: "1" };
    for (const [name, value] of Object.entries(fields)) await catalog.fill({ [`#${name}`]: value });
    await catalog.page.check('input[name="family_phone"]');
    await catalog.press("main form button");
    never(new URL(catalog.page.url()).pathname !== path, `it leads to ${catalog.page.url()}`);
    await catalog.says("catalog-draft", {}, ".badge");
    await catalog.shows("99.00");
  });
  await run.act("catalog: draft edited, and a stale page of it", async () => {
    await operator.open(`${path}/edit`);
    await catalog.open(`${path}/edit`);
    await catalog.fill({ "#price": "128.00" });
    await catalog.press("main form button");
    await catalog.shows("128.00");
    await operator.fill({ "#price": "1.00" });
    await operator.press("main form button");
    await operator.says("catalog-stale-draft", {}, '[role="alert"]');
    await catalog.open(path);
    await catalog.shows("128.00");
  });
  await run.act("catalog: upstream cost noted", async () => {
    await catalog.open(path);
    await catalog.fill({ "#upstream_cost": "64.00" });
    await catalog.press('form[action$="/cost"] button');
    await catalog.says("catalog-margin-is", { amount: "¥64.00", share: "50.0" }).catch(() => catalog.shows("50"));
    await catalog.shows("64.00");
  });
  await run.act("catalog: scheduled and unscheduled", async () => {
    await catalog.fill({ "#publish_day": inDays(3), "#publish_time": "10:00" });
    await catalog.press('main form:has(input[value="plan"]) button');
    await catalog.says("catalog-scheduled", {}, ".badge");
    await catalog.says("catalog-publishes-at", {}, facts.about);
    await act(catalog, "unplan");
    await catalog.says("catalog-draft", {}, ".badge");
    await catalog.saysNot("catalog-planned", {}, facts.about);
  });
  await run.act("catalog: tried out, and published", async () => {
    await catalog.open(`${path}/try`);
    await catalog.press("main form button");
    await catalog.shows("128.00");
    await operator.open(path);
    await catalog.open(path);
    await act(catalog, "publish");
    await catalog.says("catalog-published", {}, ".badge");
    await operator.press('main button[value="publish"]');
    await operator.says("catalog-stale", {}, '[role="alert"]');
  });
  await run.act("catalog: next version written, and thrown away", async () => {
    await catalog.open(`${path}`);
    await catalog.open(`/desk/catalog/${code}@1/next`);
    await catalog.fill({ "#price": "118.00" });
    await catalog.press("main form button");
    await catalog.says("catalog-replaces");
    await catalog.shows("118.00");
    await act(catalog, "discard");
    never((await catalog.links("/desk/catalog/")).includes(`/desk/catalog/${code}@2`), "it is there still");
  });
}
export async function sellsNoMore(run, facts) {
  const [catalog, owner] = [await run.as("catalog"), await run.as("owner")];
  const path = `/desk/catalog/${facts.offering}`;
  const offered = async () => {
    await owner.open(`${facts.line}/renew`);
    return (await owner.text()).includes(facts.planName);
  };
  await run.act("catalog: end scheduled, and unscheduled", async () => {
    await catalog.open(path);
    await catalog.fill({ "#retire_day": inDays(5), "#retire_time": "23:00" });
    await catalog.press('main form:has(input[value="plan"]) button');
    await catalog.says("catalog-retires-at", {}, facts.about);
    await catalog.says("catalog-published", {}, ".badge");
    await act(catalog, "unplan");
    await catalog.saysNot("catalog-planned", {}, facts.about);
  });
  await run.act("catalog: retired", async () => {
    never(!(await offered()), "it was not offered before");
    await catalog.open(path);
    await act(catalog, "retire");
    await catalog.says("catalog-retired", {}, ".badge");
    never(await offered(), "it is offered still");
  });
}

export async function stock(run) {
  const [catalog, operator] = [await run.as("catalog"), await run.as("operator")];
  await run.act("stock counted now", async () => {
    await catalog.open("/desk/stock");
    await catalog.press('form[action="/desk/stock/count"] button');
    await catalog.says("stock-counted");
    await catalog.says("stock-free");
  });
  await run.act("stock threshold set, and taken away", async () => {
    const family = `${stamp}-${run.name.toLowerCase()}-`;
    await catalog.fill({ "#family": family, "#least": "5" });
    await catalog.press('form[aria-labelledby="another"] button');
    const card = `main section:has(input[name="family"][value="${family}"])`;
    never((await catalog.page.inputValue(`${card} input[name="least"]`)) !== "5", "it is not 5");
    await operator.open("/desk/stock");
    await catalog.fill({ [`${card} input[name="least"]`]: "" });
    await catalog.press(`${card} button`);
    never(await catalog.has(card), "it is there still");
    await operator.fill({ [`${card} input[name="least"]`]: "7" });
    await operator.press(`${card} button`);
    await operator.says("stock-stale", {}, '[role="alert"]');
  });
  await run.act("float: threshold set, and taken away", async () => {
    await catalog.open("/desk/stock");
    await catalog.fill({ "#float-least": "99999999.99" });
    await catalog.press('form[action="/desk/stock/float"] button');
    await catalog.says("stock-float-low", {}, "#float");
    await catalog.fill({ "#float-least": "0.01" });
    await catalog.press('form[action="/desk/stock/float"] button');
    await catalog.saysNot("stock-float-low", {}, "#float");
    await catalog.fill({ "#float-least": "" });
    await catalog.press('form[action="/desk/stock/float"] button');
    never((await catalog.page.inputValue("#float-least")) !== "", "it is there still");
  });
  await run.act("stock: one profile set aside, and given back", async () => {
    const iccid = `898611269900${String(51 - run.table.runs.indexOf(run.name)).padStart(8, "0")}`;
    const reason = run.in(`标签错了 ${stamp} ${run.name}`, `Wrong label ${stamp} ${run.name}`);
    await catalog.open("/desk/stock/holds");
    await catalog.fill({ "#name": iccid, "#reason": reason });
    await catalog.press('form[aria-labelledby="aside"] button');
    const entry = `main li.entry:has(span.words:text-is("${reason}"))`;
    await catalog.says("stock-set-aside", {}, entry);
    await catalog.says("stock-put-by", { name: run.team.signed.catalog }, entry);
    const other = await run.another("catalog");
    await other.open("/desk/stock/holds");
    await catalog.press(`${entry} form button`);
    await catalog.says("stock-back-by", { name: run.team.signed.catalog }, entry);
    never(await catalog.has(`${entry} form`), "it is set aside still");
    await other.press(`${entry} form button`);
    await other.says("stock-stale", {}, '[role="alert"]');
  });
  await run.act("stock: a batch set aside, and given back", async () => {
    const batch = "/desk/stock/batch?kind=sims&name=demo-esim";
    const shop = await run.browserOf("stranger");
    await shop.open("/esim");
    await shop.saysNot("problem-sold-out-do");
    await catalog.open(batch);
    await catalog.fill({ "#reason": run.in("等供应商确认", "The maker is asked") });
    await catalog.press('form[action="/desk/stock/holds"] button');
    await catalog.says("stock-put-by", { name: run.team.signed.catalog }, 'section[aria-labelledby="hold"]');
    await shop.open("/esim");
    await shop.says("problem-sold-out-do");
    await catalog.open(batch);
    await catalog.press('section[aria-labelledby="hold"] form button');
    await catalog.open(batch);
    never(!(await catalog.has('form[action="/desk/stock/holds"] #reason')), "it cannot be set aside again");
    await shop.open("/esim");
    await shop.saysNot("problem-sold-out-do");
  });
}

/// The demo has one batch of vouchers, which is stopped once: the first stops it, the others act on pages from before.
export async function vouchers(runs) {
  const all = [];
  for (const run of runs) all.push([run, await run.as("finance")]);
  for (const [, finance] of all) await finance.open("/desk/stock/vouchers");
  for (const [place, [run, finance]] of all.entries()) {
    const stops = 'form[action="/desk/stock/vouchers/stop"] button';
    await run.act(place === 0 ? "vouchers: a batch stopped" : "vouchers: a batch stopped, from a stale page", async () => {
      await finance.fill({ 'form[action="/desk/stock/vouchers/stop"] [name="reason"]': "印错了" });
      await finance.press(stops);
      if (place > 0) await finance.says("stock-stale", {}, '[role="alert"]');
      await finance.says("stock-vouchers-stopped", {}, "main section.card");
      never(await finance.has(stops), "it can be stopped twice");
    });
  }
}

export async function connections(run) {
  const [operator, auditor] = [await run.as("operator"), await run.as("auditor")];
  // A provider is asked again after some seconds only, whoever asks.
  const tests = (whom) =>
    until(`a test of ${whom}`, async () => {
      await operator.press(`form[action="/desk/operations/test"]:has(input[value="${whom}"]) button`);
      return !run.words.pattern("ops-too-many").test(await operator.text("#said"));
    });
  await run.act("providers tested", async () => {
    await operator.open("/desk/operations");
    for (const [whom, name] of [["alipay", "provider-alipay"], ["stripe", "ops-provider-stripe"]]) {
      await tests(whom);
      await operator.says("ops-test-fine", { name: run.words.get(name) }, "#said");
    }
  });
  await run.act("provider tested that does not answer", async () => {
    await gatewayFaults({ answers: [{ method: "*", kind: "http_500" }] });
    try {
      await tests("alipay");
      await operator.says("ops-test-failed", { name: run.words.get("provider-alipay") }, "#said");
    } finally {
      await gatewayFaults();
    }
  });
  await run.act("template looked at, and a test of it sent", async () => {
    const to = aNumber();
    await operator.open("/desk/operations/messages");
    await operator.page.selectOption("#template", "refund_done");
    await operator.press('form[method="get"] button');
    await operator.page.selectOption("#language", run.language);
    await operator.fill({ "#to": to });
    await operator.press('form[method="post"][action="/desk/operations/messages"] button');
    await operator.shows(to.slice(-4), 'section[aria-labelledby="tests"]');
    const sent = await until("the test", () => messageTo(to, () => true));
    never(sent.template !== "refund_done" || sent.language !== run.language, `it is ${sent.template} in ${sent.language}`);
    never(!sent.text.includes(run.words.get("ops-test-mark")), `it does not say that it is a test: ${sent.text}`);
    await auditor.open("/desk/operations/messages");
    never(await auditor.has('form[method="post"][action="/desk/operations/messages"]'), "an auditor may send one");
  });
}

/// Bills that differ: an item has a case opened about it, and is decided. They come when gateways are asked again for bills
/// that were not there yet, which is every ten minutes.
export async function bills(runs, begun) {
  const first = await runs[0].as("finance");
  await first.open("/desk/reconciliation");
  const items = () => first.links("/desk/reconciliation/");
  const wait = Math.max(1, 11 * 60 - (Date.now() - begun) / 1000);
  const there = async () => (await items()).length >= runs.length;
  const found = await until("bills that differ", there, () => first.open("/desk/reconciliation"), wait).catch(() => false);
  if (!found) return console.log("no bill came while this ran: nothing was decided about one");
  const all = await items();
  for (const [place, run] of runs.entries()) await aBill(run, all[place]);
}
async function aBill(run, item) {
  const [finance, second, agent] = [await run.as("finance"), await run.as("finance2"), await run.as("hejing")];
  await run.act("bill: case opened about an item", async () => {
    await finance.open(item);
    await finance.says("recon-theirs-only-do");
    await finance.unfold('textarea[name="text"]');
    await finance.fill({ 'textarea[name="text"]': run.in("请查渠道账单", "Please look at the bill") });
    await finance.press(`form[action="${item}/case"] button`);
    await finance.open(item);
    await finance.says("recon-case");
  });
  await run.act("bill: item decided, and a stale page", async () => {
    await agent.open(item);
    never(await agent.has("#reason"), "an agent may decide");
    await second.open(item);
    await finance.open(item);
    await finance.fill({ "#reason": run.in("别家系统的款", "Another system's money") });
    await finance.press('button[name="action"][value="accept"]');
    await finance.states("recon-closed", "recon-how", "recon-accept");
    await finance.states("recon-closed", "recon-by", run.team.names.finance);
    await second.fill({ "#reason": run.in("入账", "Book it") });
    await second.press('button[name="action"][value="suspense"]');
    await second.says("problem-not-closed-closed-already");
    await finance.open("/desk/reconciliation");
    never((await finance.links("/desk/reconciliation/")).includes(item), "it waits still");
  });
}
