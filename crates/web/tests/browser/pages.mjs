// Every page, as people meet it: in both languages, light and dark, on a screen of 360 pixels. Run it against a running
// demo or gallery:
//
//   npm install && node pages.mjs http://localhost:7999 /tmp/screenshots
//
// Checked on every page: no sideways scrolling, no axe violations (WCAG 2.2 AA), nothing in the console, nothing that the
// content security policy had to stop. Once more without JavaScript: from entering to a renewed line's order page. And
// how much the first page weighs. Leaves screenshots, and ends with 1 if anything was wrong.
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { Round, browse, count, faults, folder, url } from "./round.mjs";

/// A number whose page a guest may open: taken from a line of the demo.
async function aNumber(round) {
  const text = await round.page.innerText("main");
  return (text.match(/1\d{2}\s?\d{4}\s?\d{4,6}/) ?? [""])[0].replaceAll(/\s/g, "");
}

async function strangers(round, number) {
  const { page } = round;
  await round.open("/");
  await round.check("landing");
  await round.open("/sign-in");
  await round.check("sign-in");
  await page.fill("#phone", "12");
  await page.click("main form button");
  await round.check("sign-in-wrong");
  await page.fill("#phone", `130${String(Math.random()).slice(2, 10)}`);
  await page.click("main form button");
  await round.check("code");
  await page.fill("#code", "12");
  await page.click("main form button");
  await round.check("code-wrong");
  await round.open("/sign-in/password");
  await round.check("sign-in-password");
  await page.fill("#phone", "13099999999");
  await page.fill("#password", "no such password");
  await page.click("main form button");
  await round.check("sign-in-password-wrong");
  await round.open("/sign-in/forgotten");
  await round.check("forgotten");
  await round.open("/recover");
  await round.check("recover");
  await page.click("main form button");
  await round.check("recover-wrong");
  await page.fill("#of", "13099999999");
  await page.fill("#contact", `130${String(Math.random()).slice(2, 10)}`);
  await page.fill("#reason", "手机丢了，号码已注销");
  await page.click("main form button");
  await round.check("recover-code");
  await round.open("/recover/asked");
  await round.check("recover-asked");
  await round.open("/renew");
  await round.check("guest-number");
  await page.fill("#number", "19900000000");
  await page.click("main form button");
  await round.check("guest-number-wrong");
  await page.fill("#number", number);
  await page.click("main form button");
  await round.check("guest-renew");
  await page.check('input[name="terms"]');
  await page.click("button.pay");
  await page.waitForURL(/\/o\//);
  await round.check("guest-order");
  await round.open("/desk/sign-in");
  await round.check("desk-sign-in");
  await page.fill("#login", "nobody");
  await page.fill("#password", "no such password");
  await page.click("main form button");
  await round.check("desk-sign-in-wrong");
  await round.open("/nothing");
  await round.check("not-found");
  await round.open("/api");
  await round.check("api");
}

async function aPerson(round, key) {
  const { page } = round;
  await round.enter(key);
  await round.check(`home-${key}`);
  for (const show of ["ending", "cut_off"]) {
    if (await page.$(`a[href="/home?show=${show}"]`)) {
      await round.open(`/home?show=${show}`);
      await round.check(`home-${key}-${show}`);
    }
  }
  await round.open("/voucher");
  await round.check(`voucher-${key}`);
  await page.fill("#voucher", "0000-0000");
  await page.click("main form button");
  await round.check(`voucher-${key}-wrong`);
  await round.open("/home");
  const lines = (await round.links("/lines/")).filter((path) => /^\/lines\/[0-9a-f]+$/.test(path)).slice(0, 3);
  const orders = new Set(await round.links("/orders/"));
  for (const [place, line] of lines.entries()) {
    await round.open(line);
    await round.check(`line-${key}-${place + 1}`);
    for (const order of await round.links("/orders/")) orders.add(order);
    await round.open(`${line}/renew`);
    await round.check(`renew-${key}-${place + 1}`);
    await round.open(`${line}/plans`);
    await round.check(`plans-${key}-${place + 1}`);
    const [plan, other] = [...new Set(await round.links(`${line}/plans/`))].filter((path) => !path.includes("#"));
    if (!plan || !other) continue;
    await round.open(plan);
    await round.check(`plan-${key}-${place + 1}`);
    const pair = [plan, other].map((path) => decodeURIComponent(path.split("/").at(-1))).join(",");
    await round.open(`${line}/plans?compare=${encodeURIComponent(pair)}`);
    await round.check(`plans-${key}-${place + 1}-compared`);
  }
  let place = 0;
  for (const order of [...orders].slice(0, 14)) {
    place += 1;
    await round.open(order);
    await round.check(`order-${key}-${place}`);
    if (await page.$(`a[href="${order}/receipt"]`)) {
      await round.open(`${order}/receipt`);
      await round.check(`receipt-${key}-${place}`);
      if (place <= 2) await receiptLeadsTo(round, `${key}-${place}`);
    }
  }
  if (lines.length > 0) await orderSomething(round, lines[0], key);
  if (lines.length > 0) await ownsALine(round, lines[0], key);
  if (lines.length > 0) await looksBack(round, lines[0], key);
  await buysAnEsim(round, lines, key);
}

/// An eSIM: found by country, checked, ordered and given up; and the number of a line on another device.
async function buysAnEsim(round, lines, key) {
  const { page } = round;
  for (const [path, what] of [["/esim", "shop"], ["/esim?country=TH&for=travel", "thailand"], ["/esim?country=JP&for=phone", "none"]]) {
    await round.open(path);
    await round.check(`esim-${what}-${key}`);
  }
  await round.open("/esim?for=travel");
  await page.click('a[href^="/esim/buy"]');
  await round.check(`esim-buy-${key}`);
  await page.$eval('input[name="terms"]', (box) => box.removeAttribute("required"));
  await page.click("button.pay");
  await round.check(`esim-buy-${key}-nothing`);
  await page.fill("#eid", "8904 <b>");
  await page.check('input[name="risk"]');
  await page.check('input[name="terms"]');
  await page.click("button.pay");
  await round.check(`esim-buy-${key}-eid`);
  await page.fill("#eid", "8904 9032 1234 5123 4512 3456 7890 1235");
  await page.selectOption("#model", { index: 1 });
  await page.check('input[value="alipay_qr"]');
  await page.click("button.pay");
  await page.waitForURL(/\/orders\//);
  await round.check(`order-${key}-esim`);
  const line = await page.$eval(".back a", (link) => link.getAttribute("href"));
  await round.open("/home");
  await round.check(`home-${key}-reserved`);
  await round.open(line);
  await round.check(`line-${key}-reserved`);
  await round.open(`${line}/give-up`);
  await page.check('input[name="agree"]');
  await page.click("main form button");
  for (const phone of lines) {
    await round.open(`${phone}/devices`);
    await round.check(`devices-${key}-${lines.indexOf(phone) + 1}`);
    if ((await page.$('input[name="risk"]')) === null) continue;
    await page.click("main form:last-of-type button");
    await round.check(`devices-${key}-nothing`);
    await page.check('input[name="risk"]');
    await page.click("main form:last-of-type button");
    await round.check(`devices-${key}-added`);
    await page.click('a[href$="/code"]');
    await round.check(`devices-${key}-code`);
    await round.open(`${phone}/devices`);
    await page.click('form[action$="/remove"] button');
    await round.check(`devices-${key}-removed`);
    return;
  }
}

/// What was used, bought and moved; reminders; help, and a case with a file.
async function looksBack(round, line, key) {
  const { page } = round;
  for (const [path, what] of [
    [`${line}/usage`, "usage-line"], ["/usage", "usage"], ["/history", "history"], ["/statement", "statement"],
    [`${line}/reminders`, "reminders"], ["/esim/check", "esim-check"], [`${line}/esim`, "esim"], ["/help", "help"],
    ["/help?q=refund", "help-found"], ["/help?q=zzzzzz", "help-nothing"], ["/help/renew", "help-article"],
    ["/cases", "cases"], [`${line}/give-up`, "give-up"], ["/account/close", "close"],
  ]) {
    await round.open(path);
    await round.check(`${what}-${key}`);
  }
  await round.open(`${line}/give-up`);
  await page.click("main form button");
  await round.check(`give-up-${key}-not-agreed`);
  await round.open("/cases/new?from=help");
  await round.check(`case-new-${key}`);
  await page.click("main form button");
  await round.check(`case-new-${key}-wrong`);
  await page.fill("#subject", "<script>alert(1)</script> 付款了没有网");
  await page.fill("#text", "'\"><img src=x onerror=alert(1)> {{7*7}}");
  const file = { name: "../<b>图.txt", mimeType: "text/plain", buffer: Buffer.from("a file") };
  await page.setInputFiles('input[type="file"]', file);
  await page.click("main form button");
  await page.waitForURL(/\/cases\/[0-9a-f]+/);
  await round.check(`case-${key}`);
  await round.open("/cases");
  await round.check(`cases-${key}-one`);
}

/// What an owner says of a line and does with it: named, lost and found, offered to somebody and taken back.
async function ownsALine(round, line, key) {
  const { page } = round;
  await round.open(`${line}/settings`);
  await round.check(`settings-${key}`);
  const name = await page.inputValue("#name");
  await page.$eval("#name", (field) => field.removeAttribute("maxlength"));
  await page.fill("#name", "很长的名字".repeat(9));
  await page.click("main form button");
  await round.check(`settings-${key}-wrong`);
  await page.fill("#name", `${name} 四十个字的名字也要放得下`.slice(0, 40));
  await page.click("main form button");
  await round.check(`settings-${key}-saved`);
  await round.open("/home");
  await round.check(`home-${key}-long-name`);
  await round.open(`${line}/settings`);
  await page.fill("#name", name);
  await page.click("main form button");
  await round.open(`${line}/lost`);
  await round.check(`lost-${key}`);
  if ((await page.$(`form[action="${line}/lost"]`)) !== null) {
    await page.click("main form button");
    await round.check(`lost-${key}-reported`);
    await round.open(line);
    await round.check(`line-${key}-lost`);
    await round.open(`${line}/found`);
    await round.check(`found-${key}`);
    if ((await page.$("#iccid")) !== null) {
      await page.fill("#iccid", "12");
      await page.click(`form[action="${line}/card"] button`);
      await round.check(`found-${key}-wrong`);
    }
    await page.click(`form[action="${line}/found"] button`);
    await round.check(`found-${key}-back`);
  }
  await round.open(`${line}/owner`);
  await round.check(`owner-${key}`);
  await page.fill("#contact", `130${String(Math.random()).slice(2, 10)}`);
  await page.click("main form button");
  await round.check(`owner-${key}-not-agreed`);
  await page.check('input[name="agree"]');
  await page.click("main form:last-of-type button");
  await round.check(`owner-${key}-offered`);
  const withdraw = await page.$('form[action$="/withdraw"] button');
  if (withdraw !== null) await withdraw.click();
  await round.open("/claim");
  await round.check(`claim-${key}`);
  await page.fill("#iccid", "8986");
  await page.fill("#secret", "1");
  await page.click('form[action="/claim/card"] button');
  await round.check(`claim-${key}-wrong`);
  await page.fill("#number", "19900000000");
  await page.click('form[action="/claim/number"] button');
  await round.check(`claim-${key}-code`);
  await round.open("/account/identity");
  await round.check(`identity-${key}`);
  await round.open("/account/identity/correct");
  await round.check(`identity-${key}-form`);
  await page.fill("#name", "1");
  await page.click("main form button");
  await round.check(`identity-${key}-wrong`);
}

/// From an open receipt: its check, one that was changed, and the invoice's form with a mistake in it.
async function receiptLeadsTo(round, what) {
  const { page } = round;
  const [check] = await page.$$eval('a[href*="/v/"]', (links) => links.map((link) => new URL(link.href).pathname));
  const invoice = await page.$('a[href$="/invoice"]');
  const path = invoice && (await invoice.getAttribute("href"));
  if (!check) return round.fault(`receipt-${what}: leads to no check`);
  await round.open(check);
  await round.check(`check-${what}`);
  await round.open(`${check.slice(0, -4)}AAAA`);
  await round.check(`check-${what}-changed`);
  if (!path) return;
  await round.open(path);
  await round.check(`invoice-${what}`);
  if ((await page.$("#title")) === null) return;
  await page.fill("#title", "顺达冷链有限公司");
  await page.check('input[value="organisation"]');
  await page.fill("#tax_number", "91350100M000100Y44");
  await page.click("main form button");
  await round.check(`invoice-${what}-wrong`);
  await page.fill("#tax_number", "91350100M000100Y43");
  await page.fill("#email", "finance@example.cn");
  await page.click("main form button");
  await round.check(`invoice-${what}-asked`);
}

async function orderSomething(round, line, key) {
  const { page } = round;
  await round.open(`${line}/renew`);
  if ((await page.$("button.pay")) === null) return;
  await page.$eval('input[name="terms"]', (box) => box.removeAttribute("required"));
  await page.click("button.pay");
  await round.check(`renew-${key}-without-terms`);
  await page.check('input[name="terms"]');
  await page.check('input[value="alipay_qr"]');
  await page.click("button.pay");
  await page.waitForURL(/\/orders\//);
  await round.check(`order-${key}-new`);
}

/// An account: everything its owner changes about how it is signed in to, with an authenticator that Chromium plays.
async function anAccount(round, key, number) {
  const { page } = round;
  const passphrase = `four words nobody knows ${round.name}`;
  await round.enter(key);
  await round.open("/account");
  await round.check("account");
  await round.open("/account/password");
  await round.check("account-password");
  await page.fill("#password", "password123");
  await page.click("main form button");
  await round.check("account-password-common");
  await page.fill("#password", passphrase);
  await page.click("main form button");
  await round.check("account-password-set");
  await round.open("/account/contact");
  await round.check("account-contact");
  await page.fill("#phone", `130${String(Math.random()).slice(2, 10)}`);
  await page.click("main form button");
  await round.check("account-contact-code");
  await round.open("/account/confirm");
  await round.check("account-confirm");
  await page.click('form[action="/account/confirm/code"] button');
  await round.check("account-confirm-code");

  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  const verified = (isUserVerified) =>
    devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
  await round.open("/account/passkeys");
  await round.check("passkeys-none");
  await page.click('form[data-passkey="create"] button');
  await page.waitForSelector('form[action$="/remove"]');
  await round.check("passkeys-one");
  await page.click('form[action="/sign-out"] button');
  await round.open("/sign-in?next=/account");
  await page.click('form[action="/sign-in/passkey"] button');
  await page.waitForURL((at) => at.pathname === "/account");
  await round.check("account-by-passkey");
  await round.open("/account/passkeys");
  await page.click('form[action$="/second-factor"] button');
  await page.waitForSelector('input[name="ask"][value="off"]', { state: "attached" });
  await round.check("passkeys-second");

  await page.click('form[action="/sign-out"] button');
  await round.open("/sign-in/password?next=/account/passkeys");
  await page.fill("#phone", number);
  await page.fill("#password", passphrase);
  await page.click("main form button");
  await page.waitForURL((at) => at.pathname === "/sign-in/second");
  await round.check("second");
  await round.open("/home");
  if (!/\/sign-in/.test(page.url())) round.fault(`a password alone opens ${page.url()}`);
  await round.open("/sign-in/second?next=/account/passkeys");
  await verified(false);
  await page.click('form[data-passkey="get"] button');
  await page.waitForSelector("form[data-passkey] [role=alert]:not([hidden])");
  await round.check("second-not-verified");
  await verified(true);
  await page.click('form[data-passkey="get"] button');
  await page.waitForURL((at) => at.pathname === "/account/passkeys");
  await round.open("/account/confirm?next=/account");
  await round.check("account-confirm-passkey");
  await page.click('form[data-passkey="get"] button');
  await page.waitForURL((at) => at.pathname === "/account");
  await round.open("/account/passkeys");
  await page.click('form[action$="/remove"] button');
  await round.check("passkeys-last");
  await page.click('form[action$="/second-factor"] button');
  await page.waitForSelector('input[name="ask"][value="on"]', { state: "attached" });
  await page.click('form[action$="/remove"] button');
  await page.waitForSelector('form[action$="/remove"]', { state: "detached" });
  await devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  await devtools.detach();
}

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
async function theStaff(round) {
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
  await moneyAndStock(round);
  await theCatalog(round);
  await round.open("/desk/figures?days=7");
  await round.check("desk-figures-week");
  await round.open("/desk/figures?days=90");
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
  await round.check("not-allowed");
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
  await round.check("desk-catalog-try-wrong");
  await round.open(`/desk/catalog/${code}@1`);
  await page.click('main button[value="discard"]');
  // A version beside the one that it replaces: the demo has one that is planned.
  const planned = "/desk/catalog/router-100g@2";
  await round.open(planned);
  await round.check("desk-catalog-planned");
}

async function theDesk(round) {
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
  await round.check("desk-identity");
  await round.open("/desk/cases");
  await round.check("desk-cases");
  const cases = await round.links("/desk/cases/");
  if (cases.length > 0) {
    await round.open(cases[0]);
    await round.check("desk-case");
    await worksOnACase(round, cases[0]);
  }
  await round.open("/home");
  await round.check("not-allowed");
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

/// The portal without a connection: what was known last, and when that was; after signing out nothing of anybody.
async function withoutConnection(round) {
  const { page } = round;
  const kept = (wanted) =>
    page.waitForFunction(async (wanted) => {
      const page = await caches.match("/offline");
      return (page !== undefined) === wanted;
    }, wanted);
  await round.enter("linfang");
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await round.open("/home");
  await kept(true);
  await page.context().setOffline(true);
  await round.open("/home");
  await round.check("offline");
  const said = await page.innerText("main");
  if (!/¥|GB|MB/.test(said)) round.fault(`without a connection it says: ${said}`);
  if ((await page.$("form")) !== null) round.fault("without a connection there is something to send");
  await page.context().setOffline(false);
  await round.open("/home");
  await page.click('form[action="/sign-out"] button');
  await kept(false);
}

async function withoutScripts(language) {
  await browse({ javaScriptEnabled: false, locale: language, colorScheme: "light" }, async (page) => {
    const round = new Round(page, `${language}.no-script`);
    await round.enter("linfang");
    await page.click('a.button[href$="/renew"]');
    await page.check('input[name="terms"]');
    await page.check('input[value="alipay_qr"]');
    await page.click("button.pay");
    if (!/\/orders\//.test(page.url())) return round.fault(`no order page, but ${page.url()}`);
    if ((await page.$("figure.qr svg")) === null) round.fault("no QR code");
    await page.screenshot({ path: join(folder, `order.${round.name}.png`), fullPage: true });
    await page.click('form[action$="/ask"] button');
    if (!/asked=provider/.test(page.url())) round.fault(`asking leads to ${page.url()}`);
    // The account works without scripts, and says where passkeys do not.
    await page.goto(url("/account/passkeys"));
    if (await page.isVisible("form[data-passkey]")) round.fault("a form that does nothing without scripts is shown");
    if (!(await page.isVisible("[data-without-passkeys]"))) round.fault("nothing says why there are no passkeys");
    await page.goto(url("/account"));
    await page.click('form[action="/account/language"] button');
    if (!/done=language/.test(page.url())) round.fault(`saving the language leads to ${page.url()}`);
    // What an owner does with a line, looks for and asks.
    await round.open("/home");
    const line = (await round.links("/lines/")).find((path) => /^\/lines\/[0-9a-f]+$/.test(path));
    await round.open(`${line}/settings`);
    await page.click("main form button");
    if (!/done=described/.test(page.url())) round.fault(`saving a line's name leads to ${page.url()}`);
    await round.open(`${line}/lost`);
    await page.click("main form button");
    await round.open(`${line}/found`);
    await page.click(`form[action="${line}/found"] button`);
    if (!/done=found/.test(page.url())) round.fault(`a line that was found leads to ${page.url()}`);
    await round.open(`${line}/plans`);
    await page.selectOption("select", { index: 1 });
    await page.click("main form button");
    if (!/\/plans\?/.test(page.url())) round.fault(`a filter of plans leads to ${page.url()}`);
    await round.open("/help");
    await page.fill("#q", "APN");
    await page.click("main form button");
    if ((await round.links("/help/")).length === 0) round.fault("help about APN is not found");
    await round.open("/cases/new?from=help");
    await page.fill("#subject", "没有网");
    await page.fill("#text", "付款了没有网");
    await page.click("main form button");
    if (!/\/cases\/[0-9a-f]+/.test(page.url())) round.fault(`a case leads to ${page.url()}`);
    for (const path of [`${line}/reminders`, `${line}/usage`, "/history", "/statement", `${line}/owner`, "/claim"]) {
      await round.open(path);
      await page.screenshot({ path: join(folder, `${path.split("/").pop()}.${round.name}.png`), fullPage: true });
    }
  });
}

async function weight() {
  // Without the worker: what it passes on counts as nothing.
  await browse({ locale: "zh-CN", serviceWorkers: "block" }, async (page, context) => {
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    let octets = 0;
    session.on("Network.loadingFinished", (event) => (octets += event.encodedDataLength));
    for (const path of ["/", "/sign-in", "/renew"]) {
      octets = 0;
      await page.goto(url(path), { waitUntil: "networkidle" });
      console.log(`first load of ${path}: ${(octets / 1024).toFixed(1)} KiB`);
      if (octets > 50 * 1024) faults.push(`${path} weighs ${octets} octets`);
    }
    await page.goto(url("/"));
    await page.click('form[action="/demo/enter/linfang"] button');
    const order = await page.$eval('a[href^="/orders/"]', (link) => link.getAttribute("href")).catch(() => null);
    if (order === null) {
      faults.push("no order was there to be weighed");
    } else {
      octets = 0;
      await page.goto(url(order), { waitUntil: "load" });
      // The page keeps a stream open, so the network never falls idle.
      await page.waitForTimeout(1_000);
      console.log(`first load of an order: ${(octets / 1024).toFixed(1)} KiB`);
      if (octets > 50 * 1024) faults.push(`an order's page weighs ${octets} octets`);
    }
  });
}

const only = process.env.ONLY?.split(",");
for (const language of ["zh-CN", "en"]) {
  for (const colorScheme of ["light", "dark"]) {
    const name = `${language}.${colorScheme}`;
    if (only && !only.includes(name)) continue;
    const started = Date.now();
    await browse({ locale: language, colorScheme }, async (page) => {
      const round = new Round(page, name, { wide: colorScheme === "light" });
      await round.enter("linfang");
      await page.click('.line a[href^="/lines/"]');
      const number = await aNumber(round);
      await page.click('form[action="/sign-out"] button');
      await strangers(round, number);
      await aPerson(round, "linfang");
      await anAccount(round, "linfang", "13800138001");
      await aPerson(round, "shunda");
      await theDesk(round);
      await theStaff(round);
      await page.click('form[action="/sign-out"] button');
      await withoutConnection(round);
    });
    console.log(`${name}: ${count.checked} pages so far, ${((Date.now() - started) / 1000).toFixed(0)} s`);
  }
  if (!only) await withoutScripts(language);
}
await weight();
for (const fault of faults) console.log(`FAULT ${fault}`);
console.log(`${count.checked} pages, ${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0);
