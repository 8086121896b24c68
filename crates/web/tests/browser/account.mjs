// An account from its beginning to its end, as its owner and those around meet it: who somebody is, said, checked and
// corrected; passwords, passkeys and a second factor; sessions; another number; being let in by people, and stopping that;
// a copy of everything; and leaving with the money. In both languages, with and without JavaScript. Run it against a
// running demo:
//
//   npm install && node account.mjs http://localhost:7999 /tmp/screenshots
//
// Every customer here is new. It ends with 1 if anything was wrong.
import {
  aNumber, buysAnEsim, citizen, codeOf, downloads, elsewhere, fillsIdentity, inAllWays, looks, opens, outsideOf, pathOf,
  pays, registered, says, send, signsIn, signsOut, told, until,
} from "./outside.mjs";

const PNG = Buffer.from("\x89PNG\r\n\x1a\n....", "latin1");
const wordsOf = (round) => `four words nobody knows ${round.name}`;
/// What a new customer is called: names are data, and those of an English run are written in Latin letters.
const nameOf = (round) => (round.name.startsWith("en") ? "Anna Lindqvist" : "陈小雨");

/// Whether a browser is signed in.
async function isIn(round) {
  await round.open("/account");
  return pathOf(round.page) === "/account";
}
/// A password that signs in, or does not.
async function byPassword(round, number, password) {
  const { page } = round;
  await round.open("/sign-in/password");
  await page.fill("#phone", number);
  await page.fill("#password", password);
  await send(page, "main form button");
}
async function setsPassword(round, password, others) {
  const { page } = round;
  await page.fill("#password", password);
  await page.setChecked('input[name="others"]', others);
  await send(page, "main form button");
  await looks(round, "password-set", "密码已保存", "Your password is saved");
}

/// Somebody says who they are: what cannot be is refused with its reason, nothing is agreed to beforehand, and the register
/// confirms what is right.
async function saysWho(round) {
  const { page } = round;
  const [name, number] = [nameOf(round), citizen("19900131")];
  const sends = async (what, typed, zh, en) => {
    await fillsIdentity(round, typed);
    await send(page, "main form.card button");
    await looks(round, what, zh, en);
  };
  await round.open("/account/identity");
  await looks(round, "identity-none", "未登记", "Not said yet");
  if (await page.isChecked('input[name="agree"]')) round.fault("a consent is given before anybody gave it");
  const wrong = number.slice(0, 17) + (number.endsWith("5") ? "6" : "5");
  await sends("identity-digit", { name, number: wrong }, "号码有一位错误，或有两位颠倒", "One of the digits is wrong");
  if (await page.isChecked('input[name="agree"]')) round.fault("a consent is given again by itself");
  const child = citizen(`${new Date().getFullYear() - 6}0601`);
  await sends("identity-child", { name, number: child }, "请由家长或监护人用本人证件开户", "A parent or guardian opens the account");
  await sends("identity-not-agreed", { name, number, agree: false }, "请先勾选同意", "Please agree first");
  await fillsIdentity(round, { name, number });
  await send(page, "main form.card button");
  const verified = async () => (await page.$("main .badge.fine")) !== null;
  await until(round, "a verified identity", verified, () => round.open("/account/identity"));
  await looks(round, "identity-verified", "姓名与证件一致", "Name and document belong together");
  const shown = await page.innerText("main");
  const ends = !shown.includes(number) && shown.includes(number.slice(-4));
  if (!ends) round.fault("a document's number is not shown by its ends alone");
  await round.open("/account");
  await says(round, "account", "已核验", "Verified");
  return { name, number };
}

/// Whoever says a name that the register knows another one for is not confirmed, and can put it right.
async function isNotConfirmed(round, known) {
  const { page } = round;
  await round.open("/account/identity");
  await fillsIdentity(round, { name: `${known.name} Smith`.slice(-12), number: known.number });
  await send(page, "main form.card button");
  const failed = async () => (await page.$("main .badge.stopped")) !== null;
  await until(round, "a refused identity", failed, () => round.open("/account/identity"));
  await looks(round, "identity-failed", "核验未通过", "Not confirmed");
  await fillsIdentity(round, { name: known.name, number: citizen("19880808") });
  await send(page, "main form.card button");
  const verified = async () => (await page.$("main .badge.fine")) !== null;
  await until(round, "an identity that was put right", verified, () => round.open("/account/identity"));
}

/// One field of what was verified is corrected and verified anew; two are another person; what the register does not know
/// waits for people, with its papers, and their answer is read there.
async function corrects(round, number, was) {
  const { page } = round;
  const correct = async (typed) => {
    await opens(round, "/account/identity/correct", number);
    await fillsIdentity(round, typed);
  };
  const other = round.name.startsWith("en") ? "Anna Berg" : "陈大雨";
  await correct({ name: other, number: citizen("19900131") });
  await send(page, "main form.card button");
  await looks(round, "identity-another", "这是另一个人", "that is another person");
  const anew = citizen("19900131");
  await correct({ name: was.name, number: anew });
  await send(page, "main form.card button");
  const done = async () => (await page.innerText("main")).includes(anew.slice(-4));
  await until(round, "a corrected document", done, () => round.open("/account/identity"));
  await looks(round, "identity-corrected", /已于 .* 更正/, /Corrected .*/);
  await told(round, number, /更正|was corrected/);
  await correct({ name: was.name, kind: "passport", number: "E7654321", born: "1990-01-31" });
  await page.fill("#reason", "A <b>new passport</b>");
  await page.setInputFiles('input[type="file"]', { name: "passport.png", mimeType: "image/png", buffer: PNG });
  await send(page, "main form.card button");
  const waits = async () => (await page.innerText("main")).match(/工作人员处理|with our staff/) !== null;
  await until(round, "a correction that waits for people", waits, () => round.open("/account/identity"));
  await looks(round, "identity-waits", "正由工作人员处理", "is with our staff");
  const papers = await page.getAttribute('main a[href^="/cases/"]', "href");
  await elsewhere(round, async (staff) => {
    await staff.enter("operator");
    await staff.open("/desk/identity");
    const row = `section.card:has(a[href$="${papers.split("/").pop()}"])`;
    await staff.page.fill(`${row} textarea`, "passport seen");
    await send(staff.page, `${row} button[value="accept"]`);
  });
  await round.open("/account/identity");
  await looks(round, "identity-decided", /已于 .* 更正。.*passport seen/, /Corrected .*passport seen/);
  await round.open(papers);
  await says(round, "identity-papers", "A <b>new passport</b>", "<b>new passport</b>");
}

/// A password: set, used, mistaken, forgotten; a new one ends the sessions of whoever knew the old one.
async function password(round, number) {
  const { page } = round;
  const words = wordsOf(round);
  await opens(round, "/account/password", number);
  await setsPassword(round, words, true);
  await told(round, number, /设置了登录密码|A password was set/);
  await signsOut(round);
  await byPassword(round, number, `${words}!`);
  await looks(round, "password-wrong", "手机号和密码不匹配", "Number and password do not belong together");
  if (await isIn(round)) round.fault("a wrong password lets in");
  await byPassword(round, number, words);
  if (pathOf(page) !== "/home") round.fault(`a password leads to ${page.url()}`);
  await elsewhere(round, async (other) => {
    await byPassword(other, number, words);
    if (!(await isIn(other))) other.fault("the password does not sign in elsewhere");
    await signsOut(round);
    await round.open("/sign-in/password");
    await page.click('a[href="/sign-in/forgotten"]');
    await page.waitForURL(/forgotten/);
    await looks(round, "forgotten", "忘记密码", "Forgotten password");
    await page.fill("#phone", number);
    await send(page, "main form button");
    await page.fill("#code", await codeOf(number));
    await send(page, "form:has(#code) button");
    if (pathOf(page) !== "/account/password") round.fault(`a forgotten password's code leads to ${page.url()}`);
    if (!(await page.isChecked('input[name="others"]'))) round.fault("a password set anew would leave other sessions");
    await setsPassword(round, `${words} anew`, true);
    if (await isIn(other)) other.fault("whoever knew the forgotten password is still in");
    await byPassword(other, number, words);
    if (await isIn(other)) other.fault("the forgotten password lets in");
  });
  return `${words} anew`;
}

/// Where somebody is signed in: another browser is shown, and is out as soon as it is told so; then all others.
async function sessions(round, number, words) {
  const { page } = round;
  for (const [button, zh, en] of [
    ['form[action$="/end"] button', "该设备已退出", "Signed out there"],
    ['form[action$="/end-others"] button', "其他设备均已退出", "Signed out everywhere else"],
  ]) {
    await elsewhere(round, async (other) => {
      await byPassword(other, number, words);
      await round.open("/account");
      const rows = (await page.$$('form[action$="/end"]')).length;
      if (rows !== 1) round.fault(`besides this one ${rows} sessions are shown instead of one`);
      await send(page, button);
      await looks(round, "session-ended", zh, en);
      if (await isIn(other)) other.fault("a session that was ended goes on");
    });
    if (!(await isIn(round))) round.fault("ending others ended this session");
  }
}

/// A passkey, by an authenticator that Chromium plays: made, signed in with, and asked for as a second factor.
async function passkeys(round, number, words) {
  const { page } = round;
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const options = {
    protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
    automaticPresenceSimulation: true,
  };
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", { options });
  await opens(round, "/account/passkeys", number);
  await page.fill("#name", "My <b>telephone</b>");
  await page.click('form[data-passkey="create"] button');
  await page.waitForSelector('form[action$="/remove"]');
  await looks(round, "passkey-added", "My <b>telephone</b>", "My <b>telephone</b>");
  await told(round, number, /添加了通行密钥|A passkey was added/);
  await signsOut(round);
  await round.open("/sign-in?next=/account/passkeys");
  await page.click('form[action="/sign-in/passkey"] button');
  await page.waitForURL((at) => at.pathname === "/account/passkeys");
  await looks(round, "passkey-used", "上次使用", "Last used");
  await send(page, 'form[action$="/second-factor"] button');
  await looks(round, "second-on", "已开启：验证码或密码之后", "On: after code or password");
  await told(round, number, /开启了两步验证|asks for a passkey after/);
  await signsOut(round);
  await byPassword(round, number, words);
  await looks(round, "second-asked", "还需要通行密钥", "Your account asks for a passkey as well");
  if (await isIn(round)) round.fault("a password alone lets in where a second factor is on");
  await byPassword(round, number, words);
  await page.click('form[data-passkey="get"] button');
  await page.waitForURL((at) => at.pathname === "/home");
  await round.open("/account/passkeys");
  await send(page, 'form[action$="/second-factor"] button');
  await looks(round, "second-off", "未开启：验证码或密码即可登录", "Off: a code or your password is enough");
  await send(page, 'form[action$="/remove"] button');
  await round.open("/account");
  await says(round, "passkey-removed", "移除了通行密钥", "Passkey removed");
  await devtools.send("WebAuthn.removeVirtualAuthenticator", { authenticatorId });
  await devtools.detach();
}
/// Without scripts a browser cannot make a passkey, and the page says what could.
async function withoutPasskeys(round, number) {
  await opens(round, "/account/passkeys", number);
  await looks(round, "passkeys-not-here", "这个浏览器不能添加通行密钥", "This browser cannot add a passkey");
}

/// Another number: proved by a code to it after a code to the old one, told at both, and the only one that signs in then.
async function anotherNumber(round, number, words) {
  const { page } = round;
  const next = aNumber();
  await byPassword(round, number, words);
  await opens(round, "/account/contact", number);
  await page.fill("#phone", next);
  await send(page, "main form.card button");
  await page.fill("#code", await codeOf(next));
  await send(page, "form:has(#code) button");
  await looks(round, "contact-changed", "新旧号码都已收到通知", "We have told both numbers");
  await says(round, "contact-changed", next.slice(-4), next.slice(-4));
  for (const whose of [number, next]) await told(round, whose, /更换了联系号码|contact number of your account was changed/);
  await signsOut(round);
  await byPassword(round, number, words);
  if (await isIn(round)) round.fault("the number from before still signs in");
  await byPassword(round, next, words);
  if (!(await isIn(round))) round.fault("the new number does not sign in");
  return next;
}

/// Somebody else asks to be let in; the owner is told at once, and stops it by the link, once and for all.
async function recovery(round, number) {
  await elsewhere(round, async (other) => {
    const { page } = other;
    const contact = aNumber();
    await other.open("/recover");
    await looks(other, "recover", "无法登录", "No way to sign in");
    await page.fill("#of", number);
    await page.fill("#contact", contact);
    await page.fill("#reason", "The telephone is gone");
    await send(page, "main form button");
    await page.fill("#code", await codeOf(contact));
    await send(page, "form:has(#code) button");
    await looks(other, "recover-asked", "如果存在这个号码的账户，我们已通知该号码", "we have told it now");
    const message = await told(other, number, /申请用另一个号码恢复|asks to be let into your account/);
    const link = message.text.match(/\/recover\/stop\/[\w-]+/)?.[0];
    if (link === undefined) return other.fault(`no link to stop it: ${message.text}`);
    await other.open(link);
    await looks(other, "recover-stop", "如果不是您本人，请立即阻止", "If that was not you, stop it now");
    await send(page, 'form[action^="/recover/stop/"] button');
    await looks(other, "recover-stopped", "申请已被阻止", "The request is stopped");
    await other.open(link);
    await says(other, "recover-stopped-again", "申请已被阻止", "The request is stopped");
    if ((await page.$('form[action^="/recover/stop/"]')) !== null) other.fault("what is stopped could be stopped again");
    await other.enter("operator");
    await other.open("/desk/recovery");
    if ((await page.innerText("main")).includes(contact.slice(-4))) other.fault("a stopped request still waits for staff");
  });
  await round.open("/account");
  await says(round, "recovery-told", "有人申请由客服恢复账户", "Somebody asked to be let in by our staff");
}

/// A copy of everything: a file that has what the owner knows of themselves, no secrets, and nothing of anybody else.
async function takesACopy(round, number, others) {
  const { page } = round;
  await opens(round, "/account/data", number);
  await looks(round, "data", "您的数据", "Your data");
  const { name, text } = await downloads(round, "main form.card button");
  if (!/^everline-\d{4}-\d\d-\d\d\.json$/.test(name)) round.fault(`a copy is called ${name}`);
  const { records } = JSON.parse(text);
  const filled = Object.entries(records).filter(([, rows]) => rows.length > 0).map(([table]) => table);
  for (const table of [
    "customer", "account_event", "account_message", "consent", "credential", "identity", "identity_correction",
    "support_case", "case_entry", "recovery_request",
  ]) {
    if (!filled.includes(table)) round.fault(`a copy has no ${table}: ${filled.join(", ")}`);
  }
  const lacks = [number, nameOf(round), "<b>new passport</b>"].filter((own) => !text.includes(own));
  if (lacks.length > 0) round.fault(`a copy lacks ${lacks.join(", ")}`);
  const has = ["13800138001", "林芳", ...others].filter((other) => text.includes(other));
  if (has.length > 0) round.fault(`a copy has ${has.join(", ")} of somebody else`);
  if (/argon2|LPA:1/.test(text)) round.fault("a copy has a secret");
  if (records.customer.length !== 1) round.fault(`a copy has ${records.customer.length} customers`);
}

/// Leaving: what stands against it is named with its way; the credit is sent to a bank account; and then nobody is left.
async function closes(round, number) {
  const { page } = round;
  const line = await buysAnEsim(round);
  await round.open(`${line}/renew?offering=top-up-30@1`);
  await page.check('input[name="terms"]');
  await page.check('input[value="alipay_qr"]');
  await send(page, "button.pay");
  await pays(round);
  await opens(round, "/account/close", number);
  await looks(round, "close-against", "名下还有 1 个号码", "1 line is yours");
  await opens(round, `${line}/give-up`, number);
  await send(page, "main form button");
  await says(round, "give-up-not-agreed", "请先确认", "Please confirm");
  await page.check('input[name="agree"]');
  await send(page, "main form button");
  await looks(round, "given-up", "该号码已销号", "The line has ended");
  await opens(round, "/account/close", number);
  await looks(round, "close", /充值余额 ¥30/, /paid credit of ¥30/);
  if (await page.isChecked('input[name="agree"]')) round.fault("leaving is agreed to beforehand");
  const fills = async (bank) => {
    await page.fill("#holder", nameOf(round));
    await page.fill("#bank", "Bank of <i>Nowhere</i>");
    await page.fill("#number", bank);
    await page.check('input[name="agree"]');
    await send(page, 'form[action="/account/close"] button');
  };
  await fills("123");
  await looks(round, "close-wrong", "这不像银行账号", "does not look like the number of a bank account");
  await fills("6217 0018 2000 1234");
  await looks(round, "close-asked", "款项退出后账户即注销", "As soon as the money went out, it is closed");
  await told(round, number, /申请注销您的账户|asked to close your account/);
  await send(page, 'form[action$="/withdraw"] button');
  await says(round, "close-withdrawn", /充值余额 ¥30/, /paid credit of ¥30/);
  await fills("6217 0018 2000 1234");
  await elsewhere(round, async (staff) => {
    await staff.enter("operator");
    await staff.open("/desk/closings");
    const row = 'section.card:has-text("6217001820001234")';
    await says(staff, "desk-closing", "Bank of <i>Nowhere</i>", "Bank of <i>Nowhere</i>");
    await send(staff.page, `${row} form[action$="/take"] button`);
    await opens(round, "/account/close", number);
    await looks(round, "close-sending", "款项正在汇往您的银行账户", "The money is being sent to your bank account");
    const back = await page.$('form[action$="/withdraw"]');
    if (back !== null) round.fault("a closing whose money is being sent can be taken back");
    await staff.page.fill(`${row} input[name="bank_id"]`, `OUT${String(Math.random()).slice(2, 12)}`);
    await send(staff.page, `${row} form[action$="/sent"] button`);
  });
  if (await isIn(round)) round.fault("a closed account is still open");
  await signsIn(round, number);
  await round.open("/account");
  await says(round, "closed", "尚未填写", "not given yet");
}

async function anAccount(round) {
  const { page } = round;
  await round.open("/");
  await outsideOf(page);
  const first = await registered(round);
  const who = await saysWho(round);
  await corrects(round, first, who);
  let another = "";
  await elsewhere(round, async (other) => {
    another = await registered(other);
    await isNotConfirmed(other, who);
  });
  const words = await password(round, first);
  await sessions(round, first, words);
  if (round.scripts) await passkeys(round, first, words);
  else await withoutPasskeys(round, first);
  const number = await anotherNumber(round, first, words);
  await recovery(round, number);
  await takesACopy(round, number, [another]);
  await closes(round, number);
}

await inAllWays("account", anAccount);
