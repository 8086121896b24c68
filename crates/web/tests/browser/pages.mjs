// Every page, as people meet it: in both languages, light and dark, on screens of 360 and 1280 pixels. Run it against a running
// demo or gallery:
//
//   npm install && node pages.mjs http://localhost:7999 /tmp/screenshots
//
// Checked on every page: no sideways scrolling, no axe violations (WCAG 2.2 AA), nothing in the console, nothing that the
// content security policy had to stop. Once more without JavaScript: from entering to a renewed line's order page. And
// how much the first page weighs. With EVERLINE_PAGES it leaves pictures; it ends with 1 if anything was wrong.
import { theDesk, theStaff } from "./desk.mjs";
import { Round, browse, count, faults, url } from "./round.mjs";

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
  // What was left is offered where guests begin; and whoever comes back from paying with a number that this browser does not know.
  await round.open("/");
  await round.check("landing-left");
  await round.open("/renew");
  await round.check("guest-left");
  await round.open("/pay/return/20261122000000000000000000000000");
  await round.check("returned");
  await round.open("/desk/sign-in");
  await round.check("desk-sign-in");
  await page.fill("#login", "nobody");
  await page.fill("#password", "no such password");
  await page.click("main form button");
  await round.check("desk-sign-in-wrong");
  await round.open("/nothing");
  await round.check("not-found", true);
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
    if (place <= 3 && (await page.goto(url(`${order}/refund`))).ok()) await round.check(`refund-${key}-${place}`);
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
    [`${line}/reminders`, "reminders"], [`${line}/auto-renew`, "auto-renew"], ["/cards", "cards"], ["/terms", "terms"],
    ["/account/data", "data"], ["/esim/check", "esim-check"], ["/help", "help"],
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
  await saysWho(round, key);
}

/// Who somebody is: said, and corrected with a picture of another document, which waits for people then.
async function saysWho(round, key) {
  const { page } = round;
  await round.open("/account/identity");
  await round.check(`identity-${key}`);
  await round.open("/account/identity/correct");
  await round.check(`identity-${key}-form`);
  // A correction that waits from an earlier round is shown instead.
  if ((await page.$("#name")) === null) return;
  await page.fill("#name", "1");
  await page.click("main form button");
  await round.check(`identity-${key}-wrong`);
  if (key !== "linfang") return;
  const say = async (kind, number, born) => {
    await page.fill("#name", "林芳");
    await page.selectOption("#document_kind", kind);
    await page.fill("#document_number", number);
    await page.fill("#born", born);
    await page.check('input[name="agree"]');
  };
  await say("cn_id", "11010519491231002X", "");
  await page.click("main form button");
  // The registry is asked about it.
  for (let tries = 0; tries < 40; tries += 1) {
    await round.open("/account/identity/correct");
    if ((await page.$('input[type="file"]')) !== null) break;
    await page.waitForTimeout(250);
  }
  await round.check(`identity-${key}-said`);
  await say("passport", "E1234567", "1949-12-31");
  const picture = (buffer) => ({ name: "护照.png", mimeType: "image/png", buffer });
  await page.setInputFiles('input[type="file"]', picture(Buffer.from([0x4d, 0x5a, 0x90, 0])));
  await page.click("main form button");
  await round.check(`identity-${key}-no-picture`);
  await say("passport", "E1234567", "1949-12-31");
  await page.setInputFiles('input[type="file"]', picture(Buffer.from("\x89PNG\r\n\x1a\n....", "latin1")));
  await page.click("main form button");
  await round.check(`identity-${key}-waits`);
  const papers = await page.$('main a[href^="/cases/"]');
  if (papers === null) return round.fault(`identity-${key}: the papers are nowhere`);
  await papers.click();
  await round.check(`identity-${key}-papers`);
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
  await round.check(`check-${what}-changed`, true);
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
    await round.picture("order");
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
      await round.picture(path.split("/").pop());
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
    const weighs = async (path, what = path) => {
      octets = 0;
      await page.goto(url(path), { waitUntil: "networkidle" });
      console.log(`first load of ${what}: ${(octets / 1024).toFixed(1)} KiB`);
      if (octets > 50 * 1024) faults.push(`${what} weighs ${octets} octets`);
    };
    for (const path of ["/", "/sign-in", "/renew"]) await weighs(path);
    await page.goto(url("/"));
    await page.click('form[action="/demo/enter/linfang"] button');
    const line = await page.$eval('.line a[href^="/lines/"]', (link) => link.getAttribute("href").split("?")[0]);
    for (const [path, what] of [
      ["/home", "/home"], [line, "a line"], [`${line}/renew`, "its renewal"], [`${line}/plans`, "its plans"],
      [`${line}/usage`, "its usage"], ["/history", "/history"], ["/statement", "/statement"], ["/account", "/account"],
      ["/help", "/help"], ["/esim", "/esim"], ["/cases", "/cases"],
    ]) {
      await weighs(path, what);
    }
    await page.goto(url("/home"));
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

// Each language and each of light and dark, in two rounds; ONLY=all has every pair of them, and ONLY=en.dark one.
const asked = process.env.ONLY || "zh-CN.light,en.dark";
const only = asked === "all" ? null : asked.split(",");
for (const language of ["zh-CN", "en"]) {
  for (const colorScheme of ["light", "dark"]) {
    const name = `${language}.${colorScheme}`;
    if (only && !only.includes(name)) continue;
    const started = Date.now();
    await browse({ locale: language, colorScheme }, async (page) => {
      const round = new Round(page, name, { wide: true });
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
  if (!process.env.ONLY || !only) await withoutScripts(language);
}
await weight();
for (const fault of faults) console.log(`FAULT ${fault}`);
console.log(`${count.checked} pages, ${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0);
