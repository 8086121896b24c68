// What the checks of the desk's actions share: the product's words in each language, what is wanted of the world outside,
// people with browsers of their own, and the table of what was done.
import { createHmac } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { aNumber, anAddress, control, messagesTo, outsideOf } from "./outside.mjs";
import { Round, faults } from "./round.mjs";

const locales = process.argv[4];
if (!locales) {
  console.error("usage: node SCRIPT <base URL> <folder for screenshots> <folder of the locales>");
  process.exit(2);
}
/// A word of this run, in names that must be new.
export const stamp = Date.now().toString(36);

const plain = (text) => text.replace(/\s+/g, " ").trim();
const literal = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/// The texts of a language, as the product has them.
class Words {
  constructor(tag) {
    this.all = new Map();
    for (const file of readdirSync(join(locales, tag))) {
      let key = null;
      for (const line of readFileSync(join(locales, tag, file), "utf8").split("\n")) {
        const begins = line.match(/^([a-z][a-z0-9-]*) = ?(.*)$/);
        if (begins) this.all.set((key = begins[1]), begins[2]);
        else if (/^(\s+\S|\})/.test(line) && key) this.all.set(key, `${this.all.get(key)}\n${line}`);
        else key = null;
      }
    }
  }
  /// What a text looks like: with what is known of what stands in its places, and anything in the others.
  source(text, known = {}) {
    let found = "";
    for (let at = 0; at < text.length; ) {
      const open = text.indexOf("{", at);
      if (open < 0) return found + literal(text.slice(at).replace(/\s+/g, " "));
      let close = open + 1;
      for (let deep = 1; deep > 0 && close < text.length; close += 1) deep += { "{": 1, "}": -1 }[text[close]] ?? 0;
      const inside = text.slice(open + 1, close - 1).trim();
      found += literal(text.slice(at, open).replace(/\s+/g, " "));
      if (inside.includes("->")) {
        const forms = inside.slice(inside.indexOf("->") + 2).split(/\n\s*\*?\[[^\]]+\]/).map((form) => form.trim());
        found += `(?:${forms.filter(Boolean).map((form) => this.source(form, known)).join("|")})`;
      } else {
        const value = known[inside.replace("$", "")];
        found += value === undefined ? ".+?" : literal(plain(String(value)));
      }
      at = close;
    }
    return found;
  }
  pattern(key, known = {}) {
    const text = this.all.get(key);
    if (text === undefined) throw new Error(`there is no text ${key}`);
    return new RegExp(this.source(text, known));
  }
  /// A text without places.
  get(key) {
    return plain(this.all.get(key) ?? `no text ${key}`);
  }
}

/// The newest message to a number, with a code in it or of another kind.
export async function messageTo(number, fits = (message) => message.parameters.code !== undefined) {
  return (await messagesTo(number)).filter(fits).sort((one, other) => other.at_us - one.at_us)[0];
}
export const newestCard = async () => {
  const { sessions } = await control("cards");
  return sessions.sort((one, other) => other.created_us - one.created_us)[0].out_trade_no;
};
const sends = (method) => (path, body = {}) =>
  control(path, { method, body: JSON.stringify(body), headers: { "content-type": "application/json" } });
export const [post, put] = [sends("POST"), sends("PUT")];
/// What goes wrong at the payment gateways; their bills have rows of strangers all the time, for the desk to decide about.
export const gatewayFaults = (faults = {}) => put("gateway/faults", { ...faults, bills: { add: 6 } });

/// What must not be, and what it is called where it is.
export function never(is, what) {
  if (is) throw new Error(what);
}
/// Until something holds.
export async function until(what, holds, again = async () => {}, seconds = 20) {
  for (const begun = Date.now(); Date.now() - begun < seconds * 1000; ) {
    const found = await holds();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 250));
    await again();
  }
  throw new Error(`${what} did not come about`);
}

/// What a code generator shows now (RFC 6238).
export function shownNow(secret) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const five = (letter) => letters.indexOf(letter).toString(2).padStart(5, "0");
  const bits = [...secret.replaceAll(" ", "")].map(five).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", key).update(step).digest();
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/// Somebody with a browser.
export class Person extends Round {
  constructor(page, run, who) {
    super(page, `${run.name} ${who}`);
    this.run = run;
    this.words = run.words;
    page.on("response", (answer) => {
      if (answer.status() >= 500) this.said.push(`${new URL(answer.url()).pathname}: answered with ${answer.status()}`);
    });
  }
  /// Opens a page that is there.
  async open(path) {
    this.run.last = this;
    await super.open(path);
    if (this.status >= 400) throw new Error(`${path} is answered with ${this.status}: ${await this.begins()}`);
  }
  /// Opens a page that may not be; how it is answered.
  async tries(path) {
    await super.open(path);
    return this.status;
  }
  /// Sends a form, and waits for what comes of it.
  async press(selector) {
    this.run.last = this;
    const button = typeof selector === "string" ? this.page.locator(selector).first() : selector;
    await Promise.all([
      this.page.waitForNavigation({ waitUntil: "domcontentloaded", timeout: 20_000 }),
      button.click({ timeout: 5_000 }),
    ]);
  }
  async fill(fields) {
    for (const [selector, value] of Object.entries(fields)) {
      await this.page.locator(selector).first().fill(value, { timeout: 5_000 });
    }
  }
  /// Opens what is folded together around a form.
  async unfold(selector) {
    const folded = this.page.locator(`details:not([open]):has(${selector}) > summary`);
    if ((await folded.count()) > 0) await folded.first().click();
  }
  has(selector) {
    return this.page.$(selector).then((found) => found !== null);
  }
  async text(selector = "main") {
    return plain((await this.page.locator(selector).allInnerTexts()).join(" "));
  }
  async begins() {
    return (await this.text("main").catch(() => "")).slice(0, 240);
  }
  /// That a page says something in its reader's language.
  async says(key, known = {}, selector = "main") {
    const text = await this.text(selector);
    if (!this.words.pattern(key, known).test(text)) throw new Error(`${key} is not said, but: ${text.slice(0, 240)}`);
  }
  async saysNot(key, known = {}, selector = "main") {
    if (this.words.pattern(key, known).test(await this.text(selector))) throw new Error(`${key} is said`);
  }
  /// That a page shows something as it was typed or computed.
  async shows(what, selector = "main") {
    const text = await this.text(selector);
    if (!text.includes(plain(what))) throw new Error(`“${what}” is not shown, but: ${text.slice(0, 240)}`);
  }
  /// The cards of a page with a title, or whose title begins so: what their terms are.
  async cards(key, whole = true) {
    const all = await this.page.$$eval("main section, main article, main div:has(> h3), main li.card", (cards) =>
      cards.map((card) => ({
        title: card.querySelector(":scope > h2, :scope > h3")?.innerText ?? "",
        facts: [...card.querySelectorAll("dl.facts > div")].map((row) => [...row.children].map((cell) => cell.innerText)),
      })),
    );
    const title = new RegExp(`^${this.words.pattern(key).source}${whole ? "$" : ""}`);
    return all.filter((card) => card.facts.length > 0 && title.test(plain(card.title)));
  }
  /// What stands beside a term in the last card with a title.
  async fact(card, term) {
    const rows = (await this.cards(card)).at(-1)?.facts ?? [];
    const row = rows.find(([name]) => plain(name) === this.words.get(term));
    return row === undefined ? "" : plain(row[1]);
  }
  /// That it is a state, an amount or a name: a text of the product by its key, or as it is written.
  async states(card, term, wanted) {
    const found = await this.fact(card, term);
    const fits = this.words.all.has(wanted) ? this.words.pattern(wanted).test(found) : found.includes(wanted);
    if (!fits) throw new Error(`${card}, ${term}: “${found}” instead of ${wanted}; ${await this.begins()}`);
  }
  /// Sends a form with a field changed that the page does not let one change.
  async forges(form, field, value) {
    const button = await this.page.waitForSelector(`${form} button`);
    await this.page.locator(`${form} [name="${field}"]`).first().evaluate((input, value) => (input.value = value), value);
    await this.press(button);
  }
  /// Leads away a file by its link; its text.
  async takes(selector) {
    const [download] = await Promise.all([this.page.waitForEvent("download"), this.page.locator(selector).first().click()]);
    return readFileSync(await download.path(), "utf8");
  }
}

const flags = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];
/// A browser for everybody, from an address that nobody used before.
export async function launch() {
  const { more } = await anAddress();
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...flags, ...more] });
}

/// What was done, in which language and mode, and whether it came out as it must.
export class Table {
  constructor() {
    this.rows = new Map();
    this.runs = [];
  }
  note(action, run, fine) {
    const row = this.rows.get(action) ?? new Map();
    this.rows.set(action, row.set(run, fine && row.get(run) !== false));
  }
  print() {
    const wide = Math.max(...[...this.rows.keys()].map((action) => action.length));
    console.log(["".padEnd(wide), ...this.runs].join("  "));
    for (const [action, row] of this.rows) {
      const cells = this.runs.map((run) => (row.has(run) ? (row.get(run) ? "ok" : "FAULT") : "-").padEnd(run.length));
      console.log([action.padEnd(wide), ...cells].join("  "));
    }
  }
}

/// The desk in one language, with scripts or without: whoever works there or calls has a browser in it.
export class Run {
  constructor(browser, table, team, language, scripts) {
    Object.assign(this, { browser, table, team, language, scripts });
    this.name = `${language}.${scripts ? "scripts" : "no-script"}`;
    this.words = new Words(language);
    this.people = new Map();
    this.everybody = [];
    table.runs.push(this.name);
  }
  /// Words in the run's language.
  in(chinese, english) {
    return this.language === "en" ? english : chinese;
  }
  async browserOf(who, storageState) {
    const options = { javaScriptEnabled: this.scripts, locale: this.language, viewport: { width: 1024, height: 800 } };
    const context = await this.browser.newContext({ ...options, storageState });
    context.setDefaultTimeout(15_000);
    const person = new Person(await context.newPage(), this, who);
    this.everybody.push(person);
    return person;
  }
  /// A member of the staff, or somebody of the demo's customers, in a browser of their own: another one each time.
  async another(who) {
    if (this.team.has(who)) return this.browserOf(who, this.team.get(who));
    const person = await this.browserOf(who);
    await person.open("/");
    await outsideOf(person.page);
    await person.press(`form[action="/demo/enter/${who}"] button`);
    return person;
  }
  /// The same, with the browser that they have already.
  async as(who) {
    if (!this.people.has(who)) this.people.set(who, await this.another(who));
    return this.people.get(who);
  }
  /// Somebody registers with a number and a code.
  async newcomer(who) {
    const person = await this.browserOf(who);
    person.number = aNumber();
    await person.open("/sign-in");
    await person.fill({ "#phone": person.number });
    await person.press("main form button");
    const sent = await until("a code", () => messageTo(person.number));
    await person.fill({ "#code": sent.parameters.code });
    await person.press("main form:has(#code) button");
    if (new URL(person.page.url()).pathname !== "/home") throw new Error(`registering leads to ${person.page.url()}`);
    this.people.set(who, person);
    return person;
  }
  /// Does something, and notes how it came out; a fault does not keep the others from being looked at.
  async act(action, doing) {
    let fine = true;
    const fault = (what) => {
      fine = false;
      faults.push(`${this.name} ${action}: ${what}`);
      console.log(`FAULT ${this.name} ${action}: ${what}`);
    };
    try {
      await doing();
    } catch (error) {
      const [first] = String(error.message).split("\nCall log");
      fault(`${plain(first)} (${this.last?.page.url()})`);
      await this.last?.picture(`desk-actions-${action.replace(/\W+/g, "-")}`).catch(() => {});
    }
    for (const person of this.everybody) for (const said of person.said.splice(0)) fault(`console: ${said}`);
    this.table.note(action, this.name, fine);
  }
  async close() {
    for (const person of this.everybody) await person.page.context().close();
  }
}
