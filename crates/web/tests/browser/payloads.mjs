// What people write is shown as it was written, and does nothing: hundreds of attacks are written into every text that
// anybody else sees, sent as addresses and typed into forms; then every page that shows them is opened in Chromium, by
// their owner, by another customer and at the desk, under the policy that is served. Run it against a running demo:
//
//   npm install && node payloads.mjs http://localhost:7999 /tmp/screenshots
//
// A fault is whatever ran, was asked for or stopped by the policy, an element or attribute that is none of ours, and a text
// that is nowhere shown as it was written. It ends with 1 if there was one, or if fewer than 500 different attacks were
// shown.
import {
  aNumber, buysAnEsim, citizen, codeOf, fillsIdentity, opens, outsideOf, pathOf, pays, planOf, registered, send, until,
  visiting,
} from "./outside.mjs";
import { attacks } from "./payloads_made.mjs";
import { faults } from "./round.mjs";

/// What the templates are made of.
const TAGS = [
  "html head meta title link script body a aside p span header nav form input button main footer svg path rect circle text",
  "h1 h2 h3 section article dl dt dd div ul ol li strong label textarea select option fieldset legend details summary table",
  "thead tbody tr th td figure figcaption noscript code pre em time br",
].join(" ").split(" ");
const plain = (text) => text.replaceAll(/\s+/gu, " ").trim();

/// What was written, and what of it was seen.
const book = {
  queue: attacks(),
  all: attacks(),
  written: [],
  shown: new Set(),
  pages: 0,
  /// As many attacks as fit into a text, those first that waited longest.
  text(room, fits = () => true) {
    const taken = [];
    let left = room;
    for (const one of this.queue) {
      if (one.length + 1 > left || !fits(one)) continue;
      taken.push(one);
      left -= one.length + 1;
      if (left < 12) break;
    }
    this.queue = [...this.queue.filter((one) => !taken.includes(one)), ...taken];
    return taken.join(" ");
  },
  wrote(where, text) {
    this.written.push({ where, text: plain(text), seen: false });
  },
};

/// Records what would run, and what the policy stopped.
function hooks() {
  window.ran = [];
  for (const name of ["alert", "confirm", "prompt", "print", "pwned"]) {
    window[name] = (...said) => window.ran.push(`${name}(${said})`);
  }
  document.addEventListener("securitypolicyviolation", (event) =>
    window.ran.push(`the policy stopped ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
  );
}
/// What is in the page: its texts, and whatever is none of ours.
function inThePage(tags) {
  const strange = [];
  const texts = [document.body.textContent, document.title];
  for (const element of document.querySelectorAll("*")) {
    if (!tags.includes(element.localName)) strange.push(`<${element.localName}>`);
    const ours = element.localName !== "script" || element.src.startsWith(`${location.origin}/assets/`);
    if (!ours) strange.push(`script ${element.src}`);
    for (const { name, value } of element.attributes) {
      if (/^(on|style$|srcdoc$|is$|slot$|background$)/.test(name)) strange.push(`${name}=${value}`);
      if (/^(data-)?hx-/.test(name) && element.id !== "order") strange.push(`${name}=${value}`);
      if (["href", "src", "action", "formaction", "xlink:href", "data", "poster"].includes(name)) {
        const to = URL.canParse(value, location.href) ? new URL(value, location.href) : { protocol: "no", hostname: value };
        const known = [location.hostname, "127.0.0.1", "esimsetup.apple.com", ""].includes(to.hostname);
        if (!["http:", "https:", "tel:"].includes(to.protocol) || !known) strange.push(`${name}=${value}`);
      }
      if (["value", "placeholder", "aria-label", "title", "alt", "content"].includes(name)) texts.push(value);
    }
    if (["textarea", "input"].includes(element.localName)) texts.push(element.value);
  }
  return { strange, texts, ran: window.ran };
}
/// Looks at the page that is open.
async function examines(round) {
  const { page } = round;
  book.pages += 1;
  const { strange, texts, ran } = await page.evaluate(inThePage, TAGS);
  const at = page.url().slice(0, 160);
  for (const what of [...strange, ...ran].slice(0, 3)) round.fault(`${at}: ${what}`);
  if (round.status >= 500) round.fault(`${at}: answered with ${round.status}`);
  const all = plain(texts.join("\n"));
  for (const one of book.all) if (!book.shown.has(one) && all.includes(plain(one))) book.shown.add(one);
  for (const one of book.written) if (!one.seen && all.includes(one.text)) one.seen = true;
}
/// A browser in which everything that runs is known.
const attacked = (name, language, visit) =>
  visiting(name, language, true, async (round) => {
    const { page } = round;
    await page.addInitScript(hooks);
    page.on("dialog", (dialog) => (round.fault(`${page.url()}: a dialog says ${dialog.message()}`), dialog.dismiss()));
    page.on("request", (request) => {
      // What is an attack in an address is part of a name there, and leads nowhere else.
      const { protocol, hostname } = new URL(request.url());
      const asked = ["javascript:", "data:"].includes(protocol) || hostname.includes("canary");
      if (asked) round.fault(`${page.url()}: asked for ${request.url()}`);
    });
    await visit(round);
  });

/// Sends a form of a page with what is given: the answer's status, and where it led.
const posts = (page, from, selector, fields) =>
  page.evaluate(async ({ from, selector, fields }) => {
    const html = await (await fetch(from)).text();
    const form = new DOMParser().parseFromString(html, "text/html").querySelector(selector);
    if (form === null) return { status: 0, at: `no ${selector} in ${from}` };
    const body = new FormData(form);
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    const whole = form.enctype === "multipart/form-data" ? body : new URLSearchParams(body);
    const answer = await fetch(form.getAttribute("action"), { method: "POST", body: whole });
    const { pathname, search } = new URL(answer.url);
    const said = new DOMParser().parseFromString(answer.status < 400 ? "" : await answer.text(), "text/html");
    const why = [...said.querySelectorAll('[role="alert"], .error, .field-error')].map((one) => one.textContent.trim());
    return { status: answer.status, at: pathname + search, why: why.join("; ").slice(0, 200) };
  }, { from, selector, fields });
/// The same, where it is to be taken; the texts are noted.
async function writes(round, where, from, selector, fields, texts) {
  const { status, at, why } = await posts(round.page, from, selector, { ...fields, ...texts });
  if (status >= 400 || status === 0) return round.fault(`${where}: answered with ${status} at ${at}: ${why}`);
  for (const text of Object.values(texts)) book.wrote(where, text);
  return at;
}

/// What links lead to that is no page to look at.
const NO_PAGES = /\.(csv|pdf|json|jsonl|txt)\b|\/files\/|\/demo\/|lang=/;
/// Opens what the pages lead to, each kind of page so often, and looks at all of it.
async function walks(round, starts, { most = 3, often = {} }) {
  const { page } = round;
  const kind = (path) => path.split(/[?#]/)[0].replaceAll(/[0-9a-f]{32}|\d{4,}|[\w.%-]+@\d+/g, "{}");
  const [queue, seen, times] = [[...starts], new Set(starts), {}];
  while (queue.length > 0) {
    const path = queue.shift();
    const what = kind(path);
    times[what] = (times[what] ?? 0) + 1;
    if (times[what] > (often[what] ?? most)) continue;
    await round.open(path);
    await examines(round);
    const links = await page.$$eval("main a[href]", (all) => all.map((link) => link.getAttribute("href")));
    for (const link of links) {
      if (seen.has(link) || !link.startsWith("/") || NO_PAGES.test(link)) continue;
      seen.add(link);
      queue.push(link);
    }
  }
}

/// An owner writes wherever an owner can write.
async function theOwner(round) {
  const { page } = round;
  const number = await registered(round);
  const line = await buysAnEsim(round);
  const order = pathOf(page);
  const short = (one) => one.length <= 39;
  for (let n = 0; n < 24; n += 1) {
    const texts = { name: book.text(40, short) };
    await writes(round, "a line's name", `${line}/settings`, 'form[action$="/settings"]', {}, texts);
    for (const where of n % 8 === 0 ? [line, "/home", "/history", `${line}/plans`, `${line}/usage`] : ["/home"]) {
      await round.open(where);
      await examines(round);
    }
  }
  const cases = [];
  for (let n = 0; n < 8; n += 1) {
    const texts = { subject: book.text(100), text: book.text(4000) };
    cases.push(await writes(round, "a case", "/cases/new?from=help", 'form[action="/cases/new"]', {}, texts));
  }
  for (let n = 0; n < 4; n += 1) {
    await writes(round, "a reply", cases[n], "form:has(textarea)", { do: "write" }, { text: book.text(4000) });
  }
  const buyer = { buyer: "person", email: "a'b{{7*7}}@example.org" };
  await writes(round, "an invoice", `${order}/invoice`, 'form[action$="/invoice"]', buyer, { title: book.text(100) });
  const mailbox = `'-{{7*7}}\`\${x}'@${aNumber()}.example.org`;
  const asked = await posts(page, `${line}/reminders`, 'form[action$="/contacts"]', { address: mailbox });
  await writes(round, "a contact person", asked.at, "form:has(#code)", { code: await codeOf(mailbox) }, {});
  book.wrote("a contact person", mailbox);
  const plan = await planOf(round, line, "phone-39");
  for (let n = 0; n < 6; n += 1) {
    await writes(round, "a question", plan, 'form[action$="/question"]', {}, { text: book.text(300) });
  }
  await saysWho(round, number);
  await namesPasskeys(round, number);
  await round.open(order);
  const [digits] = (await page.innerText("main")).match(/\d{8}( \d{4}){3}/);
  return { number, line, order, plan, cases, orderNumber: digits.replaceAll(" ", "") };
}
/// Who somebody is has room for letters alone; why it changes has room for anything.
async function saysWho(round, number) {
  const { page } = round;
  for (let n = 0; n < 5; n += 1) {
    await round.open("/account/identity");
    await fillsIdentity(round, { name: book.text(60), number: citizen("19900131") });
    await send(page, "main form.card button");
    if ((await page.$("#wrong")) === null) round.fault("a name that is none is taken");
    await examines(round);
  }
  await fillsIdentity(round, { name: "Eve Ledge", number: citizen("19900131") });
  await send(page, "main form.card button");
  const verified = async () => (await page.$("main .badge.fine")) !== null;
  await until(round, "a verified identity", verified, () => round.open("/account/identity"));
  await opens(round, "/account/identity/correct", number);
  await fillsIdentity(round, { name: "Eve Ledge", kind: "passport", number: "E7654321", born: "1990-01-31" });
  const reason = book.text(500);
  await page.fill("#reason", reason);
  const name = `${book.text(60, (one) => !/[/\\]/.test(one))}.png`;
  const buffer = Buffer.from("\x89PNG\r\n\x1a\n....", "latin1");
  await page.setInputFiles('input[type="file"]', { name, mimeType: "image/png", buffer });
  await send(page, "main form.card button");
  book.wrote("why somebody is corrected", reason);
}
/// What a passkey is called.
async function namesPasskeys(round, number) {
  const { page } = round;
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  for (let n = 0; n < 3; n += 1) {
    const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
    await opens(round, "/account/passkeys", number);
    const name = book.text(40);
    await page.fill("#name", name);
    await page.click('form[data-passkey="create"] button');
    await page.waitForFunction((many) => document.querySelectorAll('form[action$="/remove"]').length > many, n);
    book.wrote("a passkey", name);
    await examines(round);
    await devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  }
  await devtools.detach();
}

/// Somebody asks to be let in, and somebody leaves.
async function others(round, victim) {
  const { page } = round;
  await round.open("/");
  for (let n = 0; n < 2; n += 1) {
    const contact = aNumber();
    const reason = book.text(500);
    const { at } = await posts(page, "/recover", 'form[action="/recover"]', { of: victim, contact, reason });
    await writes(round, "a recovery", at, "form:has(#code)", { code: await codeOf(contact) }, {});
    book.wrote("why somebody asks to be let in", reason);
  }
  await registered(round);
  const line = await buysAnEsim(round);
  const paying = { terms: "2026-10", method: "alipay_qr" };
  await posts(page, `${line}/renew?offering=top-up-30@1`, 'form:has([name="ticket"])', paying);
  await round.open("/home");
  await page.click('section.open a[href^="/orders/"]');
  await page.waitForURL(/\/orders\//);
  await pays(round);
  await posts(page, `${line}/give-up`, 'form:has([name="agree"])', { agree: "yes" });
  const details = { agree: "yes", holder: "Eve", number: "62170018" };
  await writes(round, "a bank", "/account/close", 'form[action="/account/close"]', details, { bank: book.text(80) });
}

/// Those who used a plan write about it; what they are asked is shown to them.
async function users(round) {
  const { page } = round;
  await round.enter("linfang");
  const lines = await page.$$eval('.line a[href^="/lines/"]', (all) => all.map((link) => link.getAttribute("href")));
  const own = [...new Set(lines.filter((path) => /^\/lines\/[0-9a-f]+$/.test(path)))];
  for (const line of own) {
    await round.open(`${line}/plans`);
    const used = 'a[href*="/plans/phone-39@"], a[href*="/plans/watch-month@"]';
    const plan = await page.$eval(used, (link) => link.pathname).catch(() => "/home");
    await round.open(plan);
    if ((await page.$("#stars")) === null) continue;
    await writes(round, "a review", plan, 'form[action$="/review"]', { stars: "3" }, { text: book.text(500) });
    if ((await page.$('form[action$="/answer"]')) !== null) {
      await writes(round, "an answer", plan, 'form[action$="/answer"]', {}, { text: book.text(500) });
    }
    await round.open(plan);
    await examines(round);
  }
}

/// Braces are where something is to be filled in: what has some is not sent, and not kept.
const unbraced = (one) => !/[{}]/.test(one);
/// What staff write, that customers or colleagues read.
async function theDesk(round, owner) {
  const { page } = round;
  await round.enter("hejing");
  for (let turn = 0; turn < 2; turn += 1) {
    await round.open("/desk/contributions");
    await examines(round);
    const waits = 'form[action^="/desk/contributions/"]:has(button[value="publish"])';
    const open = await page.$$eval(waits, (all) => all.map((form) => form.getAttribute("action")));
    for (const [place, action] of open.entries()) {
      const form = `form[action="${action}"]:has(button[value="publish"])`;
      const refuses = turn === 0 && place === open.length - 1;
      const [step, texts] = refuses ? ["refuse", { reason: book.text(200) }] : ["publish", {}];
      await writes(round, "why something is not shown", "/desk/contributions", form, { step }, texts);
    }
    if (turn === 0) await users(round);
    if (turn === 0) await round.enter("hejing");
  }
  await round.open("/desk/cases");
  const all = await round.links("/desk/cases/");
  const own = all.filter((path) => owner.cases.some((one) => one.split("/").pop() === path.split("/").pop()));
  const customer = `/desk/customers/${own[0].split("/")[3]}`;
  for (const path of own.slice(0, 3)) {
    const form = 'form[enctype="multipart/form-data"]';
    await writes(round, "a note", path, form, { do: "note" }, { text: book.text(4000) });
    await writes(round, "an answer of staff", path, form, { do: "answer", then: "waiting" }, { text: book.text(4000, unbraced) });
  }
  const call = { subject: book.text(100), text: book.text(4000) };
  await writes(round, "a call", `${customer}/case`, "main form", { owner_reads: "yes" }, call);
  const gift = 'form[action$="/goodwill"]';
  await writes(round, "why something is given", customer, gift, { amount: "0.10" }, { reason: book.text(200) });
  return customer;
}
/// What an operator writes: colleagues, prepared answers, the catalog, why something is set aside or given.
async function theOperator(round, owner, customer) {
  const { page } = round;
  await round.enter("operator");
  const login = `eve${aNumber()}`;
  const colleague = { login, role: "agent" };
  const look = 'form[action$="/reveal"]';
  await writes(round, "why something is looked at", customer, look, {}, { reason: book.text(200) });
  await writes(round, "a colleague", "/desk/staff", 'form[action="/desk/staff"]', colleague, { name: book.text(100) });
  await round.open("/desk/staff");
  await examines(round);
  const prepared = {};
  for (const tag of ["zh-CN", "en"]) {
    [prepared[`title-${tag}`], prepared[`text-${tag}`]] = [book.text(60, unbraced), book.text(4000, unbraced)];
  }
  await writes(round, "a prepared answer", "/desk/prepared/new", "main form", { do: "keep" }, prepared);
  const texts = { name_zh: book.text(60), name_en: book.text(60) };
  for (const name of ["summary_zh", "summary_en", "roaming_zh", "roaming_en"]) texts[name] = book.text(200);
  const code = `eve-${aNumber()}`;
  const offering = { code, price: "9.90", data: "1000", family_phone: "1" };
  await writes(round, "the catalog", "/desk/catalog/new", "main form", offering, texts);
  await writes(round, "a sale", `/desk/catalog/${code}@1`, 'form:has(button[value="publish"])', { do: "publish" }, {});
  const hold = { name: "89861126990000000039", kind: "sim" };
  await writes(round, "what is set aside", "/desk/stock/holds", 'form:has([name="kind"])', hold, { reason: book.text(200) });
  const order = `/desk/orders/${owner.orderNumber}`;
  const made = "form:has(#number)";
  const { status } = await posts(page, order, made, { number: "1", link: "javascript:pwned(1)" });
  if (status !== 422) round.fault(`an invoice at javascript:… is answered with ${status}`);
  await writes(round, "an invoice's number", order, made, {}, { number: book.text(40) });
  const back = 'form[action$="/refund"]';
  await writes(round, "why money goes back", order, back, { amount: "1.00" }, { reason: book.text(200) });
  for (const queue of ["/desk/identity", "/desk/recovery"]) {
    await round.open(queue);
    await examines(round);
    const form = `form[action*="${customer.split("/").pop()}"]`;
    const verdict = queue === "/desk/identity" ? "accept" : "refuse";
    await writes(round, `what was found out at ${queue}`, queue, form, { verdict }, { note: book.text(500) });
  }
  return code;
}

/// Addresses with an attack in every part that pages read.
async function addresses(round, line) {
  const at = [
    "/help?q=X", "/help/X", "/sign-in?next=/X", "/sign-in/code?request=X&next=/X", "/sign-in/password?next=/X", "/lines/X",
    "/recover/code?request=X&step=X", "/esim?country=X&for=X", "/account?done=X&lang=X", "/home?show=X",
    "/statement?month=X", "/history?line=X&kind=X&month=X", "/usage?days=X", `${line}/usage?days=X`, `${line}/plans/X`,
    `${line}/renew?offering=X`,
    `${line}/plans?kind=X&lasts=X&price=X&sort=X&compare=X`, `${line}?done=X`, "/esim/buy?offering=X", "/orders/X", "/X",
    "/v/X",
    "/cases/new?from=X&order=X&line=X&follows=X", "/o/X", "/renew/X", "/take-over/X", "/recover/stop/X", "/pay/return/X",
    "/pay/wechat?code=X&state=X", "/account/confirm?next=/X&request=X", "/claim/code?request=X", "/r/X", "/p/X", "/d/X",
    `${line}/reminders?done=X`, `${line}/reminders/contacts/code?request=X`, "/account/contact/code?request=X",
    "/desk/sign-in?next=/X", "/desk/set-up/X",
  ];
  for (const path of at) {
    for (let n = 0; n < 3; n += 1) {
      await round.open(path.replaceAll("X", () => encodeURIComponent(book.text(120))));
      await examines(round);
    }
  }
}
/// Forms with an attack in every field, as a browser sends them: what cannot be used comes back as it was typed.
async function forms(round, { line }) {
  const { page } = round;
  const all = [
    ["/claim", 'form[action="/claim/number"]'], ["/claim", 'form[action="/claim/card"]'], ["/account/mailbox", "main form"],
    ["/voucher", 'form[action="/voucher"]'], ["/account/contact", "main form"], [`${line}/plans`, 'form[method="get"]'],
    [`${line}/owner`, `form[action="${line}/owner"]`], [`${line}/reminders`, 'form[action$="/contacts"]'],
    [`${line}/auto-renew`, "form:has(#month_cap)"], ["/esim/check", "main form"], ["/help", "main form"],
    [`${line}/reminders`, "form:has(#from)"], ["/renew", "main form"], ["/sign-in", 'form[action="/sign-in"]'],
    ["/sign-in/password", "main form"], ["/recover", "main form"],
  ];
  for (const [path, selector] of all) {
    for (let n = 0; n < 2; n += 1) {
      await round.open(path);
      const typed = "input:not([type=hidden], [type=radio], [type=checkbox], [type=file])";
      const fields = await page.$$(`${selector} :is(${typed}, textarea)`);
      for (const field of fields) {
        const text = book.text(200);
        const enters = (input, text) => {
          if (input.localName === "input") input.type = "text";
          input.removeAttribute("maxlength");
          input.value = text;
        };
        await field.evaluate(enters, text);
      }
      await send(page, `${selector} button`);
      await examines(round);
    }
  }
}

/// The desk: an agent first, who works on what customers wrote, and an operator, who sees all of it. The catalog's new
/// code.
async function staff(round, owner) {
  const customer = await theDesk(round, owner);
  const agents = ["/desk", "/desk/cases", "/desk/contributions", "/desk/recovery", "/desk/find"];
  await walks(round, agents, { most: 3, often: { "/desk/cases/{}/{}": 30 } });
  const code = await theOperator(round, owner, customer);
  const operators = [
    "/desk/staff", "/desk/prepared", `/desk/catalog/${code}@1`, "/desk/identity", "/desk/recovery", "/desk/closings",
    "/desk/catalog", customer, `/desk/orders/${owner.orderNumber}`,
    "/desk/stock/holds", "/desk/audit", "/desk/cases", "/desk", "/desk/me",
  ];
  const often = { "/desk/cases/{}/{}": 6, "/desk/prepared/{}": 5, "/desk/customers/{}": 6 };
  await walks(round, operators, { most: 4, often });
  return code;
}
/// What was put on sale is taken off it, and what was set aside given back.
async function putsAway(round, code) {
  await round.enter("operator");
  const sale = 'form:has(button[value="retire"])';
  await writes(round, "the end of a sale", `/desk/catalog/${code}@1`, sale, { do: "retire" }, {});
  await writes(round, "what is given back", "/desk/stock/holds", 'form[action$="/end"]', {}, {});
}

await attacked("payloads", "en", async (round) => {
  await round.open("/");
  await outsideOf(round.page);
  const owner = await theOwner(round);
  await forms(round, owner);
  await addresses(round, owner.line);
  await walks(round, ["/home", owner.line, owner.order], { most: 3, often: { "/cases/{}": 20 } });
  await attacked("payloads of others", "en", (other) => others(other, owner.number));
  let code = "";
  await attacked("payloads at the desk", "zh-CN", async (desk) => (code = await staff(desk, owner)));
  const after = [
    "/cases", owner.plan, `${owner.order}/invoice`, `${owner.line}/plans`, `${owner.line}/plans/${code}@1`, "/account/identity",
    "/esim",
  ];
  await walks(round, after, { most: 3, often: { "/cases/{}": 20 } });
  await attacked("payloads beside", "zh-CN", async (other) => {
    await registered(other);
    const line = await buysAnEsim(other);
    await walks(other, ["plans", `plans/${code}@1`, "renew"].map((path) => `${line}/${path}`), { most: 4 });
  });
  await attacked("payloads put away", "en", (desk) => putsAway(desk, code));
});
const unseen = book.written.filter(({ text, seen }) => !seen && text !== "");
for (const { where, text } of unseen) faults.push(`${where}: nowhere shown as it was written: ${text.slice(0, 90)}`);
if (book.shown.size < 500) faults.push(`only ${book.shown.size} different attacks were shown`);
for (const fault of faults) console.log(`FAULT ${fault}`);
const shown = `${book.shown.size} of ${book.all.length} attacks`;
console.log(`${shown}, in ${book.written.length} texts, were shown on ${book.pages} pages`);
console.log(`payloads: ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
