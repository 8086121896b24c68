// The desk, as its members meet it: what each of them sees, every form with a mistake in it, and what they do.
import { createHmac } from "node:crypto";

/// What a code generator shows now (RFC 6238).
function shownNow(secret) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret.replaceAll(" ", "")].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", key).update(step).digest();
  const code = (mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1_000_000;
  return String(code).padStart(6, "0");
}

/// An operator invites somebody, who sets a password and a second factor; and what operators see of the staff.
export async function theStaff(round) {
  const { page } = round;
  await page.click('form[action="/sign-out"] button');
  await round.open("/");
  // The gallery has nobody who manages members.
  if ((await page.$('form[action="/demo/enter/operator"]')) === null) return round.enter("hejing");
  await round.enter("operator");
  await round.check("desk-operator");
  await preparesAnswers(round);
  await round.open("/desk/staff");
  const login = `round.${Date.now()}`;
  await page.fill('form[action="/desk/staff"] input[name="login"]', login);
  await page.fill('form[action="/desk/staff"] input[name="name"]', "王敏");
  await page.click('form[action="/desk/staff"] button');
  await round.check("desk-staff");
  const link = (await page.textContent('[role="status"]')).match(/\/desk\/set-up\/[0-9a-f]+/)[0];
  await round.open("/desk/audit");
  await round.check("desk-audit");
  await decidesAboutPeople(round);
  await moneyAndStock(round);
  await theCatalog(round);
  await round.open("/desk/figures?days=7");
  await round.check("desk-figures-week");
  await round.open("/desk/figures?days=90");
  // The tables beside the drawings.
  await page.$$eval("main details", (all) => all.forEach((one) => (one.open = true)));
  await round.check("desk-figures");
  await round.open("/desk/operations");
  await round.check("desk-operations");
  await page.click('form[action="/desk/operations/test"]:has(input[value="alipay"]) button');
  await round.check("desk-operations-tested");
  await round.open("/desk/operations/messages");
  await round.check("desk-operations-messages");
  await page.fill("#to", "12");
  await page.click('form[method="post"][action="/desk/operations/messages"] button');
  await round.check("desk-operations-messages-wrong");
  await page.fill("#to", "13800138000");
  await page.click('form[method="post"][action="/desk/operations/messages"] button');
  await page.waitForURL((at) => at.hash === "#tests");
  await round.check("desk-operations-messages-sent");
  await round.open("/desk/find");
  await page.fill("#q", "1380");
  await page.click("main form button");
  await page.click('main a[href^="/desk/customers/"]');
  await page.click('form[action$="/reveal"] button');
  await round.check("desk-reveal-wrong");
  await page.fill("#reason", "来电核对号码");
  await page.click('form[action$="/reveal"] button');
  await round.check("desk-revealed");
  await round.open("/desk/me");
  await round.check("desk-me");
  await round.open(link);
  await round.check("desk-set-up");
  await page.fill('input[name="password"]', "four words nobody knows");
  await page.fill('input[name="again"]', "four words nobody knows");
  await page.click("main button");
  await round.check("desk-generator");
  const secret = await page.textContent("dd.code");
  await page.fill('input[name="code"]', shownNow(secret));
  await page.click("main form button");
  await round.check("desk-codes");
  const code = await page.textContent("li.code");
  await page.click('header form[action="/sign-out"] button');
  await round.open("/desk/sign-in");
  await page.fill('input[name="login"]', login);
  await page.fill('input[name="password"]', "four words nobody knows");
  await page.click("main form button");
  await round.check("desk-second");
  await page.fill('input[name="code"]', code);
  await page.click('form[action="/desk/sign-in/second"] button');
  await page.waitForURL((at) => at.pathname === "/desk");
  await round.open("/home");
  await round.check("not-allowed", true);
}

/// What only operators decide about: who people are, who is let in, who leaves; and an item of a bill.
async function decidesAboutPeople(round) {
  const { page } = round;
  for (const [path, what] of [
    ["/desk/recovery", "recovery-decides"], ["/desk/closings", "closings"], ["/desk/reconciliation", "reconciliation"],
  ]) {
    await round.open(path);
    await round.check(`desk-${what}`);
  }
  const [item] = await round.links("/desk/reconciliation/");
  if (item !== undefined) {
    await round.open(item);
    await round.check("desk-reconciliation-item");
  }
  await round.open("/desk/identity");
  await round.check("desk-identity");
  const papers = await page.$('main a[href^="/desk/cases/"]');
  if (papers === null) return;
  await papers.click();
  await round.check("desk-identity-papers");
  await round.open("/desk/identity");
  const form = 'main section:has(a[href^="/desk/cases/"]) form';
  await page.$eval(`${form} textarea`, (field) => field.removeAttribute("required"));
  await page.click(`${form} button[value="accept"]`);
  await round.check("desk-identity-wrong");
  await page.fill(`${form} textarea`, "照片不清楚，请重拍");
  await page.click(`${form} button[value="refuse"]`);
  await page.waitForURL((at) => at.pathname === "/desk/identity");
  await round.check("desk-identity-decided");
}

/// What an operator sees of money and stock, and does to the stock.
async function moneyAndStock(round) {
  const { page } = round;
  // With what stands behind the question mark.
  const lead = async (prefix, has = "") => {
    const all = await page.$$eval("main a[href]", (links) => links.map((link) => link.getAttribute("href")));
    return all.findLast((href) => href.startsWith(prefix) && href.includes(has));
  };
  await round.open("/desk/money");
  await round.check("desk-money");
  const day = await lead("/desk/money/days/open");
  if (day !== undefined) {
    await round.open(day);
    await round.check("desk-money-day");
    const behind = await lead(`${day}/transfers`);
    if (behind !== undefined) {
      await round.open(behind);
      await round.check("desk-money-transfers");
    }
  }
  await round.open("/desk/money/suspense");
  await round.check("desk-money-suspense");
  await round.open("/desk/stock");
  await page.click('form[action="/desk/stock/count"] button');
  if ((await page.$("#float-least")) !== null) {
    await page.fill("#float-least", "x");
    await page.click('form[action="/desk/stock/float"] button');
    await round.check("desk-stock-float-wrong");
    await page.fill("#float-least", "99999999.99");
    await page.click('form[action="/desk/stock/float"] button');
    await round.check("desk-stock-float-low");
  }
  await page.fill("#family", `batch-${Date.now()}-`);
  await page.fill("#least", "0");
  await page.click('form[aria-labelledby="another"] button');
  await round.check("desk-stock-wrong");
  await page.fill("#least", "5");
  await page.click('form[aria-labelledby="another"] button');
  await round.check("desk-stock");
  const batch = await lead("/desk/stock/batch", "kind=sims");
  if (batch !== undefined) {
    await round.open(batch);
    if ((await page.$("#reason")) !== null) {
      await page.click('form[action="/desk/stock/holds"] button');
      await round.check("desk-stock-batch-wrong");
      await page.fill("#reason", "一批卡贴错了标签，等供应商确认");
      await page.click('form[action="/desk/stock/holds"] button');
    }
    await round.check("desk-stock-batch");
  }
  await round.open("/desk/stock/holds");
  await round.check("desk-stock-holds");
  // Later rounds buy profiles.
  if ((await page.$('form[action$="/end"] button')) !== null) await page.click('form[action$="/end"] button');
  await page.fill("#name", "12");
  await page.fill("#reason", "坏卡");
  await page.click('form[aria-labelledby="aside"] button');
  await round.check("desk-stock-holds-wrong");
  await round.open("/desk/stock/numbers");
  await round.check("desk-stock-numbers");
  await round.open("/desk/stock/vouchers");
  await round.check("desk-stock-vouchers");
}

/// An operator looks at the catalog, writes a version, tries it out, plans it and throws it away.
async function theCatalog(round) {
  const { page } = round;
  await round.open("/desk/catalog");
  await round.check("desk-catalog");
  await round.open("/desk/catalog?all=1");
  await round.check("desk-catalog-all");
  const code = `round-${Date.now()}`;
  await round.open("/desk/catalog/new");
  await round.check("desk-catalog-new");
  await page.click("main form button");
  await round.check("desk-catalog-new-wrong");
  const fields = {
    code, name_zh: "一个名字很长很长的家庭共享流量套餐（浏览器检查专用）", name_en: "A plan whose name is as long as names of plans for families get",
    price: "1234.50", data: "100000", voice: "30:30", lasts: "3", countries: "AT BE CH CZ DE ES FR GB GR IT NL PT", upstream_cost: "1300", per_line_max: "1",
  };
  for (const [name, value] of Object.entries(fields)) await page.fill(`#${name}`, value);
  await page.check('input[name="family_phone"]');
  await page.check('input[name="family_travel"]');
  await page.click("main form button");
  await page.waitForURL((at) => at.pathname === `/desk/catalog/${code}@1`);
  await round.check("desk-catalog-draft");
  await page.fill("#publish_day", "2020-01-01");
  await page.click('main form:has(input[value="plan"]) button');
  await round.check("desk-catalog-plan-wrong");
  await round.open(`/desk/catalog/${code}@1/edit`);
  await round.check("desk-catalog-edit");
  await round.open(`/desk/catalog/${code}@1/try`);
  await round.check("desk-catalog-try");
  await page.click("main form button");
  await round.check("desk-catalog-tried");
  await page.selectOption("#has", "lost");
  await page.click("main form button");
  await round.check("desk-catalog-tried-refused");
  await page.fill("#after", "x");
  await page.click("main form button");
  await round.check("desk-catalog-try-wrong", true);
  await round.open(`/desk/catalog/${code}@1`);
  await page.click('main button[value="discard"]');
  // A version beside the one that it replaces: the demo has one that is planned.
  const planned = "/desk/catalog/router-100g@2";
  await round.open(planned);
  await round.check("desk-catalog-planned");
  await round.open("/desk/catalog/watch-month@1/next");
  await round.check("desk-catalog-next");
}

export async function theDesk(round) {
  const { page } = round;
  await round.enter("hejing");
  await round.check("desk");
  const orders = await round.links("/desk/orders/");
  if (orders.length > 0) {
    await round.open(orders[0]);
    await round.check("desk-order");
    // What the outside says when it is asked again.
    for (const [form, name] of [["provision", "desk-order-network"], ["ask", "desk-order-provider"]]) {
      if ((await page.$(`form[action$="/${form}"] button`)) === null) continue;
      await page.click(`form[action$="/${form}"] button`);
      await round.check(name);
    }
    // Invoices that were asked for come last.
    await round.open(orders.at(-1));
    await round.check("desk-order-last");
  }
  await round.open("/desk/find");
  await round.check("desk-find");
  await page.fill("#q", "1");
  await page.click("main form button");
  await round.check("desk-find-short");
  await page.fill("#q", "<b>nobody</b>");
  await page.click("main form button");
  await round.check("desk-find-nothing");
  await page.fill("#q", "1380");
  await page.click("main form button");
  await round.check("desk-find-found");
  await page.click('main a[href*="?line="]');
  await round.check("desk-line");
  await page.click("section[aria-labelledby=hand] summary");
  await round.check("desk-line-link");
  await page.click('form[action$="/command"] button');
  await round.check("desk-line-command-wrong");
  await page.click('form[action$="/caller"] button');
  await round.check("desk-caller");
  await page.fill("#code", "12");
  await page.click('form[action$="/caller/code"] button');
  await round.check("desk-caller-wrong");
  await page.click('main a[href^="/desk/customers/"]:not([href*="?"])');
  await round.check("desk-customer");
  await page.click("section[aria-labelledby=credit] summary");
  await page.click('form[action$="/credit/goodwill"] button');
  await round.check("desk-goodwill-wrong");
  await page.fill("#goodwill-amount", "1.00");
  await page.fill("#goodwill-reason", "断网半天");
  await page.click('form[action$="/credit/goodwill"] button');
  await round.check("desk-goodwill-given");
  await page.click('a[href*="kind=money"]');
  await round.check("desk-customer-money");
  await round.open("/desk/recovery");
  await round.check("desk-recovery");
  await round.open("/desk/contributions");
  await round.check("desk-contributions");
  await round.open("/desk/identity");
  await round.check("desk-identity-not-theirs", true);
  await round.open("/desk/cases");
  await round.check("desk-cases");
  const cases = await round.links("/desk/cases/");
  if (cases.length > 0) {
    await round.open(cases[0]);
    await round.check("desk-case");
    await worksOnACase(round, cases[0]);
  }
  await round.open("/home");
  await round.check("not-allowed", true);
}

/// A case at the desk: each form with a mistake in it, an answer that was prepared, a file, and one that somebody else changed.
async function worksOnACase(round, path) {
  const { page } = round;
  for (const view of ["owner=me", "owner=none", "due=over", "reason=disputed", "state=solved", "priority=urgent"]) {
    await round.open(`/desk/cases?${view}`);
    await round.check(`desk-cases-${view.replace("=", "-")}`);
  }
  await page.click("main summary");
  await page.selectOption("#owner", "none");
  await round.check("desk-cases-filter");
  await page.click("main form button");
  if (!/owner=none/.test(page.url())) round.fault(`the filter leads to ${page.url()}`);
  await round.open(path);
  const stale = await page.inputValue('main input[name="version"]');
  const take = await page.$('button[value="take"]');
  if (take !== null) {
    await take.click();
    await round.check("desk-case-taken");
  }
  for (const what of ["hand", "merge"]) {
    await round.open(path);
    if ((await page.$(`button[value="${what}"]`)) === null) continue;
    await page.click(`button[value="${what}"]`);
    await round.check(`desk-case-${what}-wrong`);
  }
  await round.open(path);
  if ((await page.$("#prepared")) !== null) {
    await page.click('button[value="fill"]');
    await round.check("desk-case-fill-wrong");
    await page.selectOption("#prepared", { index: 1 });
    await page.click('button[value="fill"]');
    await round.check("desk-case-filled");
    if ((await page.inputValue("#text")).length < 10) round.fault("a prepared answer is not filled in");
  }
  await round.open(path);
  await page.click('button[value="answer"]');
  await round.check("desk-case-answer-wrong");
  await round.open(path);
  await page.$$eval('main input[name="version"]', (fields) => fields.forEach((field) => (field.value = "0")));
  await page.fill("#text", "请查看附件，并告诉我们结果。");
  if (stale !== "0" || take !== null) {
    await page.click('button[value="answer"]');
    await round.check("desk-case-stale");
  }
  await round.open(path);
  await page.fill("#text", `很长的一句回复，${"没有空格也要换行".repeat(30)}`);
  const file = { name: "a-name-that-has-no-end-".repeat(3) + ".txt", mimeType: "text/plain", buffer: Buffer.from("a") };
  await page.setInputFiles('input[type="file"]', file);
  await page.click('button[value="answer"]');
  await round.check("desk-case-answered");
  const customer = path.split("/")[3];
  await round.open(`/desk/customers/${customer}/case`);
  await round.check("desk-case-call");
  await page.click("main form button");
  await round.check("desk-case-call-wrong");
  await page.fill("#subject", "来电：<b>没有信号</b>，已请客户重启设备后再试一次");
  await page.fill("#text", "手表没有信号");
  await page.click("main form button");
  await round.check("desk-case-called");
  if ((await page.$('button[value="merge"]')) !== null) {
    await page.selectOption("#into", { index: 1 });
    await page.click('button[value="merge"]');
    await round.check("desk-case-merged");
  }
  await round.open(`/desk/customers/${customer}?kind=cases`);
  await round.check("desk-customer-cases");
}

/// The answers that are prepared: written with mistakes, kept, and removed.
async function preparesAnswers(round) {
  const { page } = round;
  await round.open("/desk/prepared");
  await round.check("desk-prepared");
  await round.open("/desk/prepared/new");
  await round.check("desk-prepared-new");
  await page.click('button[value="keep"]');
  await round.check("desk-prepared-nothing");
  await page.fill("#title-en", `${round.name} hello`);
  await page.fill("#text-en", "Hello {name}");
  await page.click('button[value="keep"]');
  await round.check("desk-prepared-wrong");
  await page.fill("#text-en", "Hello, this is {brand} about {order}");
  await page.click('button[value="keep"]');
  await round.check("desk-prepared-kept");
  await page.click(`main a.row:has-text("${round.name} hello")`);
  await round.check("desk-prepared-one");
  await page.click('button[value="remove"]');
  await round.check("desk-prepared-removed");
}
