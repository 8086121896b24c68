// Journeys from their beginning to their end, as people make them: a stranger registers by a code (after guessing it is no
// use), renews a watch by QR code while the page follows what happens, pays on the telephone, and renews a line as a guest.
// In both languages, with and without JavaScript; the payer's telephone and the short messages are the sandbox's.
//
//   npm install && node journeys.mjs http://localhost:7999 /tmp/screenshots
//
// It ends with 1 if anything was wrong.
import { codeOf, control, newestTrade, outsideOf, send, until } from "./outside.mjs";
import { Round, browse, count, faults } from "./round.mjs";

async function registers(round) {
  const { page } = round;
  const number = `131${String(Math.random()).slice(2, 10)}`;
  await round.open("/sign-in");
  await page.fill("#phone", number);
  await page.click("main form button");
  await page.waitForURL((at) => at.pathname === "/sign-in/code");
  const code = await codeOf(number);
  // Whoever guesses has five tries, and then the right one is worth nothing either.
  const wrong = code === "000000" ? "000001" : "000000";
  for (let tries = 0; tries < 5; tries += 1) {
    await page.fill("#code", wrong);
    await send(page, "main form:has(#code) button");
    if ((await page.$("#code")) === null) break;
  }
  const field = await page.$("#code");
  if (field !== null) {
    await page.fill("#code", code);
    await send(page, "main form:has(#code) button");
  }
  await round.check("journey-code-guessed");
  await round.open("/home");
  if (!/\/sign-in/.test(page.url())) round.fault("a code that was guessed at lets in");
  await round.open("/sign-in");
  await page.fill("#phone", number);
  await page.click("main form button");
  await page.waitForURL((at) => at.pathname === "/sign-in/code");
  await page.fill("#code", await codeOf(number));
  await send(page, "main form:has(#code) button");
  if (new URL(page.url()).pathname !== "/home") round.fault(`the right code leads to ${page.url()}`);
  await round.check("journey-registered");
  await page.click('form[action="/sign-out"] button');
}

/// Orders by a method, and opens the order's page.
async function orders(round, form, method) {
  const { page } = round;
  await page.check('input[name="terms"]');
  await page.check(`input[name="method"][value="${method}"]`);
  await page.click("button.pay");
  await page.waitForURL(form);
}

async function renewsByQr(round, scripts) {
  const { page } = round;
  await round.enter("linfang");
  const [line] = (await round.links("/lines/")).filter((path) => /^\/lines\/[0-9a-f]+$/.test(path));
  await round.open(`${line}/renew`);
  await orders(round, /\/orders\//, "alipay_qr");
  if ((await page.$("figure.qr svg")) === null) round.fault("no QR code");
  if (scripts) {
    const left = await page.textContent(".countdown");
    await page.waitForTimeout(1_500);
    if (left === "" || (await page.textContent(".countdown")) === left) round.fault("the time to pay does not run");
  }
  const { out_trade_no: trade } = await newestTrade();
  await control(`trades/${trade}/pay`, { method: "POST" });
  // With scripts the page follows by itself; without, by the link that is on it.
  const paid = async () => (await page.$('a[href$="/receipt"]')) !== null;
  await until(round, "a paid order", paid, scripts ? null : () => page.reload());
  const done = async () => (await page.$(".state.fine")) !== null;
  await until(round, "an order in effect", done, scripts ? null : () => page.reload());
  await round.check("journey-in-effect");
  await page.click('a[href$="/receipt"]');
  await page.waitForURL(/\/receipt$/);
  await round.check("journey-receipt");
}

async function paysOnThePhone(round, scripts) {
  const { page } = round;
  await round.open("/home");
  const [line] = (await round.links("/lines/")).filter((path) => /^\/lines\/[0-9a-f]+$/.test(path));
  await round.open(`${line}/renew`);
  const first = await page.$eval('input[name="method"]', (input) => input.value);
  if (first !== "alipay_wap") round.fault(`on a telephone the first way to pay is ${first}`);
  await orders(round, /\/orders\//, "alipay_wap");
  const order = new URL(page.url()).pathname;
  await page.click("a.button.pay");
  await page.waitForSelector('button[name="action"][value="pay"]');
  await send(page, 'button[name="action"][value="pay"]');
  await round.open(order);
  const paid = async () => (await page.$('a[href$="/receipt"]')) !== null;
  await until(round, "an order paid on the phone", paid, scripts ? null : () => page.reload());
  await round.check("journey-on-the-phone");
  await page.click('form[action="/sign-out"] button');
}

async function renewsAsAGuest(round, scripts, number) {
  const { page } = round;
  await round.open("/renew");
  await page.fill("#number", number);
  await page.click("main form button");
  await page.waitForURL(/\/renew\/./);
  await orders(round, /\/o\//, "alipay_qr");
  const { out_trade_no: trade } = await newestTrade();
  await control(`trades/${trade}/pay`, { method: "POST" });
  const paid = async () => (await page.$('a[href$="/receipt"]')) !== null;
  await until(round, "a guest's order", paid, scripts ? null : () => page.reload());
  const text = await page.innerText("main");
  if (/林/.test(text)) round.fault("a guest reads the owner's name");
  await round.check("journey-guest");
}

/// A telephone: what can be paid on it is offered first.
const phone =
  "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36";

for (const language of ["zh-CN", "en"]) {
  for (const scripts of [true, false]) {
    const name = `${language}.${scripts ? "scripts" : "no-script"}`;
    const options = { javaScriptEnabled: scripts, locale: language, colorScheme: "light", userAgent: phone };
    await browse(options, async (page) => {
      // What is checked by scripts in the page needs them.
      const round = new Round(page, name);
      if (!scripts) round.check = async (what) => round.status >= 400 && round.fault(`${what}: ${round.status}`);
      await round.open("/");
      await outsideOf(page);
      await round.enter("linfang");
      await page.click('.line a[href^="/lines/"]');
      const said = await page.innerText("main");
      const number = (said.match(/1\d{2}\s?\d{4}\s?\d{4,6}/) ?? [""])[0].replaceAll(/\s/g, "");
      await page.click('form[action="/sign-out"] button');
      await registers(round);
      await renewsByQr(round, scripts);
      await paysOnThePhone(round, scripts);
      await renewsAsAGuest(round, scripts, number);
    });
    console.log(`journeys ${name}: ${count.checked} pages so far`);
  }
}
for (const fault of faults) console.log(`FAULT ${fault}`);
console.log(`journeys: ${faults.length} faults`);
process.exit(faults.length === 0 ? 0 : 1);
