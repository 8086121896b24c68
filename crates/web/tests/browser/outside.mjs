// What several journeys share: the sandbox that plays the world outside (payers, short messages, the registry), as the
// pages of the demo name it; people who register, say who they are and buy a line; and what is asked of every page on the
// way.
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { Round, base, browse, count, faults } from "./round.mjs";

export let outside = null;

/// Where the sandbox answers.
export function setOutside(address) {
  outside = address;
}
/// Reads where the sandbox answers from a page that is open.
export async function outsideOf(page) {
  outside = await page.$eval('a[href^="http://127.0.0.1"]', (link) => link.href).catch(() => outside);
  return outside;
}
export async function control(path, options = {}) {
  const answer = await fetch(new URL(`/control/${path}`, outside), options);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}
/// The messages that went to a number or mailbox, newest first.
export async function messagesTo(address) {
  const { messages } = await control(`sms/inbox?to=${encodeURIComponent(address)}`);
  return messages;
}
/// The newest code that went to a number.
export async function codeOf(number) {
  const told = await messagesTo(number);
  return told.find((message) => message.parameters.code !== undefined)?.parameters.code;
}
/// The newest message to a number that says something, once it is there.
export async function told(round, number, what) {
  let found = null;
  const there = async () => (found = (await messagesTo(number)).find((message) => what.test(message.text))) !== undefined;
  await until(round, `a message to ${number} that says ${what}`, there);
  return found;
}
/// The payment that was begun last: its number at the provider, and the payer's page of it.
export async function newestTrade() {
  const { trades } = await control("trades");
  return trades.sort((one, other) => other.created_us - one.created_us)[0];
}
/// Until something holds; the page is opened anew between tries where it does not change by itself.
export async function until(round, what, holds, again) {
  for (let tries = 0; tries < 60; tries += 1) {
    if (await holds()) return;
    await round.page.waitForTimeout(500);
    if (again) await again();
  }
  round.fault(`${what} did not come about: ${(await round.page.innerText("main")).slice(0, 120)}`);
}
/// Sends a form, and waits for what comes of it.
export async function send(page, button) {
  await Promise.all([page.waitForNavigation({ waitUntil: "domcontentloaded" }), page.click(button)]);
}

/// An address of one's own in this machine's network, and the flags by which Chromium goes through it: what is counted by
/// address was used up by nobody before.
export async function anAddress() {
  const { port } = new URL(base);
  const part = () => 1 + Math.floor(Math.random() * 250);
  const localAddress = `127.${part()}.${part()}.${part()}`;
  const passage = createServer((near) => {
    const far = connect({ host: "127.0.0.1", port, localAddress });
    const end = () => [near, far].forEach((one) => one.destroy());
    near.on("error", end).on("close", end).pipe(far);
    far.on("error", end).on("close", end).pipe(near);
  });
  await new Promise((resolve) => passage.listen(0, "127.0.0.1", resolve));
  passage.unref();
  const here = passage.address().port;
  return { address: localAddress, more: [`--host-resolver-rules=MAP localhost:${port} 127.0.0.1:${here}`] };
}

export const pathOf = (page) => new URL(page.url()).pathname;
/// A number that nobody has.
export const aNumber = () => `13${1 + Math.floor(Math.random() * 8)}${String(Math.random()).slice(2, 10)}`;

/// Signs in by code, which registers who is new.
export async function signsIn(round, number, next = "") {
  const { page } = round;
  await round.open(`/sign-in?next=${encodeURIComponent(next)}`);
  await page.fill("#phone", number);
  await send(page, 'form[action="/sign-in"] button');
  await page.fill("#code", await codeOf(number));
  await send(page, "main form:has(#code) button");
  const there = next.split("?")[0] || "/home";
  if (pathOf(page) !== there) round.fault(`the code of ${number} leads to ${page.url()}`);
}
export async function signsOut(round) {
  if ((await round.page.$('form[action="/sign-out"]')) === null) await round.open("/");
  await send(round.page, 'form[action="/sign-out"] button');
}
/// A new customer.
export async function registered(round) {
  const number = aNumber();
  await signsIn(round, number);
  return number;
}
/// The number of a citizen's card (GB 11643-1999) of somebody born on a day, with its check digit.
export function citizen(born) {
  const digits = `110105${born}${String(Math.random()).slice(2, 5)}`;
  const sum = [...digits].reduce((sum, digit, place) => sum + digit * (2 ** (17 - place) % 11), 0);
  return digits + "10X98765432"[sum % 11];
}
/// Fills in who somebody is.
export async function fillsIdentity(round, { name, kind = "cn_id", number, born = "", agree = true }) {
  const { page } = round;
  await page.fill("#name", name);
  await page.selectOption("#document_kind", kind);
  await page.fill("#document_number", number);
  await page.fill("#born", born);
  if (agree) await page.check('input[name="agree"]');
}
/// Pays what was begun last, and waits until its order's page has a receipt and is in a state that is fine.
export async function pays(round) {
  const { page } = round;
  const { out_trade_no: trade } = await newestTrade();
  await control(`trades/${trade}/pay`, { method: "POST" });
  const done = async () => (await page.$('a[href$="/receipt"]')) !== null && (await page.$(".state.fine")) !== null;
  await until(round, "a paid order", done, round.scripts ? null : () => page.reload());
}
/// Buys an eSIM with a line of its own and pays for it: the path of the line. The order's page is open then.
export async function buysAnEsim(round) {
  const { page } = round;
  await round.open("/esim?for=phone");
  await Promise.all([page.waitForURL(/\/esim\/buy/), page.click('a[href^="/esim/buy?offering=esim-29@"]')]);
  await page.check('input[name="risk"]');
  await page.check('input[name="terms"]');
  await page.check('input[value="alipay_qr"]');
  await send(page, "button.pay");
  await pays(round);
  return page.$eval('.back a[href^="/lines/"]', (link) => link.getAttribute("href"));
}

/// Saves what a link or button leads to: the file's name and text.
export async function downloads(round, link) {
  const [download] = await Promise.all([round.page.waitForEvent("download"), round.page.click(link)]);
  return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
}
/// Every cell of a file, and that no spreadsheet would compute it.
export function cells(round, what, text) {
  const all = [...text.matchAll(/(?:^|,|\n)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/g)].map(([, quoted, plain]) => quoted ?? plain);
  const live = all.filter((cell) => /^[=+@\t]|^-(?!\d+(\.\d+)?$)/.test(cell.trim()));
  if (live.length > 0) round.fault(`${what}: a spreadsheet would compute ${live[0]}`);
  return all;
}

/// The page of an offering for a line.
export async function planOf(round, line, code) {
  await round.open(`${line}/plans`);
  return round.page.getAttribute(`a[href^="${line}/plans/${code}@"]`, "href");
}

/// The language of the page that is open.
export const languageOf = (page) => page.getAttribute("html", "lang");
/// Names of the demo's data that stay as they are in every language.
const NAMES = [
  "林芳", "林*", "我的手机", "朵朵的手表", "泰国旅行卡", "顺达冷链", "顺***", "青禾通信科技有限公司", "青禾银行福州分行",
];
/// What of a page in English is Chinese and should not be: texts and labels outside of elements in another language, of what
/// people wrote, and of names. The desk shows what customers wrote in too many places.
export async function foreign(page) {
  const found = await page.evaluate(() => {
    const han = /\p{Script=Han}/u;
    if (document.documentElement.lang !== "en" || location.pathname.startsWith("/desk")) return [];
    const theirs = (element) => element.closest('[lang^="zh"], .opinion-text, .words, textarea, script, style') !== null;
    const all = [];
    const texts = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) all.push([texts.currentNode.parentElement, texts.currentNode.data]);
    for (const element of document.querySelectorAll("*")) {
      for (const name of ["aria-label", "title", "placeholder", "alt", "content"]) {
        if (element.hasAttribute(name)) all.push([element, element.getAttribute(name)]);
      }
    }
    return all.filter(([element, text]) => han.test(text) && !theirs(element)).map(([, text]) => text.trim());
  });
  const without = (text) => NAMES.reduce((rest, name) => rest.replaceAll(name, ""), text);
  return found.filter((text) => /\p{Script=Han}/u.test(without(text)));
}
/// Whether the page says something, in its language, and nothing in another one.
export async function says(round, what, zh, en, part = "main") {
  const wanted = (await languageOf(round.page)) === "en" ? en : zh;
  const text = await round.page.innerText(part);
  const said = wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted);
  if (!said) round.fault(`${what}: it does not say ${wanted}, but: ${text.replaceAll(/\s+/g, " ").slice(0, 240)}`);
  const strange = await foreign(round.page);
  for (const text of strange) round.fault(`${what}: Chinese on an English page: ${text.slice(0, 80)}`);
}
/// Looks at the page that is open: what it should say, and all that is asked of every page.
export async function looks(round, what, zh, en) {
  await says(round, what, zh, en);
  await round.check(what);
}
/// Opens a page that asks first who is there; whoever was not asked lately proves it by a code.
export async function opens(round, where, number) {
  const { page } = round;
  await round.open(where);
  if (pathOf(page) !== "/account/confirm") return;
  await looks(round, "confirm", "确认是您本人", "Is it you?");
  await send(page, 'form[action="/account/confirm/code"] button');
  await page.fill("#code", await codeOf(number));
  await send(page, "form:has(#code) button");
  if (pathOf(page) !== where) round.fault(`whoever is proved is led to ${page.url()} and not to ${where}`);
}
/// Without scripts in the page, what is checked by scripts cannot be: what is left is the answer and its width.
export function plainly(round) {
  round.check = async (what, refused = false) => {
    count.checked += 1;
    if (refused !== round.status >= 400) round.fault(`${what}: answered with ${round.status}`);
    const width = await round.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (width > 0) round.fault(`${what}: ${width} pixels too wide`);
  };
}
/// Visits with a browser of a language, with or without scripts, that has a profile and an address of its own.
export async function visiting(name, language, scripts, visit) {
  const { more } = await anAddress();
  await browse({ javaScriptEnabled: scripts, locale: language, colorScheme: "light", more }, async (page) => {
    const round = new Round(page, name);
    Object.assign(round, { language, scripts });
    if (!scripts) plainly(round);
    await visit(round);
  });
}
/// Another browser beside one, like it.
export const elsewhere = (round, visit) =>
  visiting(`${round.name.replace(" (elsewhere)", "")} (elsewhere)`, round.language, round.scripts, visit);

/// Runs a check in both languages, with and without scripts (RUN names some of them alone), and ends with what was wrong.
export async function inAllWays(title, visit) {
  const only = process.env.RUN?.split(",");
  for (const language of ["zh-CN", "en"]) {
    for (const scripts of [true, false]) {
      const name = `${language}.${scripts ? "scripts" : "no-script"}`;
      if (only && !only.includes(name)) continue;
      const started = Date.now();
      await visiting(name, language, scripts, visit).catch((error) => faults.push(`${name} ended early: ${error.stack}`));
      console.log(`${title} ${name}: ${count.checked} pages so far, ${((Date.now() - started) / 1000).toFixed(0)} s`);
    }
  }
  for (const fault of faults) console.log(`FAULT ${fault}`);
  console.log(`${title}: ${faults.length} faults`);
  process.exit(faults.length === 0 ? 0 : 1);
}
