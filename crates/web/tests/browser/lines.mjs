// What owners do with lines, each to its end: an eSIM bought and loaded, a line named, reminded of, lost and found, renewed
// by itself and not, paid another way and with a voucher, asked about, taken back, handed over; plans chosen, judged and
// asked about; what was used and what moved; and the page without a connection. In both languages, with and without
// JavaScript. Run it against a running demo, with codes of vouchers that nobody has used (VOUCHERS, one for each run):
//
//   npm install && VOUCHERS="…" node lines.mjs http://localhost:7999 /tmp/screenshots
//
// It ends with 1 if anything was wrong.
import {
  aNumber, cells, codeOf, control, downloads, elsewhere, inAllWays, looks, newestTrade, outsideOf, pathOf, pays, planOf,
  registered, says, send, signsOut, told, until,
} from "./outside.mjs";
import { url } from "./round.mjs";

const vouchers = (process.env.VOUCHERS ?? "").split(/\s+/).filter(Boolean);
/// A name that a spreadsheet would compute.
const NAME = "=1+1";

/// Agrees to the terms and orders by a method.
async function orders(round, method) {
  const { page } = round;
  if (await page.isChecked('input[name="terms"]')) round.fault("terms are agreed to beforehand");
  await page.check('input[name="terms"]');
  await page.check(`input[name="method"][value="${method}"]`);
  await send(page, "button.pay");
  return pathOf(page);
}

/// An eSIM: found, ordered, its code kept back until it is paid, then shown to its owner alone.
async function buysAnEsim(round) {
  const { page } = round;
  await round.open("/esim?for=phone");
  await looks(round, "esim-shop", "青禾 eSIM 29 元套餐", "Qinghe eSIM 29");
  await page.click('a[href^="/esim/buy?offering=esim-29@"]');
  await page.waitForURL(/\/esim\/buy/);
  await page.check('input[name="risk"]');
  await orders(round, "alipay_qr");
  await looks(round, "esim-ordered", "等待付款", "Waiting for payment");
  const line = await page.getAttribute('.back a[href^="/lines/"]', "href");
  const order = pathOf(page);
  await round.open(`${line}/esim`);
  await looks(round, "esim-not-paid", "付款并开通后，才会显示激活码", "shown once a plan is paid and delivered");
  await round.open(`${line}/esim/code`);
  const early = await page.innerText("body");
  if (/QH-\d|LPA:1/.test(early)) round.fault("the code of an eSIM is shown before it is paid");
  await round.open(order);
  await pays(round);
  await looks(round, "esim-in-effect", "已生效", "In effect");
  await page.click(`a.button[href="${line}/esim"]`);
  await page.waitForURL(/\/esim$/);
  await page.click(`a[href="${line}/esim/code"]`);
  await page.waitForURL(/\/esim\/code$/);
  await looks(round, "esim-code", "谁下载了它，谁就有了这个号码", "whoever loads it has the number");
  const said = await page.innerText("main");
  const code = said.match(/LPA:1\$rsp\.sandbox\.example\$(QH-\d{6}-\d{4})/);
  if (code === null || said.split(code[1]).length !== 3) round.fault("the code by hand is not there whole and in parts");
  if ((await page.$("figure.qr svg path")) === null) round.fault("no QR code with the activation code");
  const iphone = await page.getAttribute('a[href*="apple.com"]', "href");
  const apples = `https://esimsetup.apple.com/esim_qrcode_provisioning?carddata=${code?.[0]}`;
  if (iphone !== apples) round.fault(`an iPhone is led to ${iphone}`);
  await elsewhere(round, async (other) => {
    await registered(other);
    for (const secret of [`${line}/esim/code`, `${line}/esim`, line, order, `${order}/receipt`, `${line}/usage.csv`]) {
      const answer = await other.page.goto(url(secret));
      if (answer.status() !== 404) other.fault(`${secret} of somebody else is answered with ${answer.status()}`);
      if (/QH-\d|LPA:1/.test(await other.page.innerText("body"))) other.fault("somebody else sees the code");
    }
  });
  return line;
}

/// A line is called something and said to be in something.
async function describes(round, line) {
  const { page } = round;
  await round.open(`${line}/settings`);
  await page.fill("#name", NAME);
  await page.check('input[name="device"][value="watch"]');
  await page.uncheck('input[name="guests"]');
  await send(page, "main form button");
  await looks(round, "line-described", "已保存", "Saved");
  await says(round, "line-described", /=1\+1[\s\S]*手表[\s\S]*不允许/, /=1\+1[\s\S]*Watch[\s\S]*not allowed/);
}

/// Somebody who is told about a line: proved by a code that they tell its owner.
async function addsAContact(round, line) {
  const { page } = round;
  const contact = aNumber();
  await round.open(`${line}/reminders`);
  await page.fill("#address", contact);
  await send(page, 'form[action$="/contacts"] button');
  await looks(round, "contact-code", "验证码已发给联系人", "We sent a code to the contact person");
  const code = await codeOf(contact);
  await page.fill("#code", code === "000000" ? "000001" : "000000");
  await send(page, "form:has(#code) button");
  await says(round, "contact-code-wrong", "验证码不对", "That is not the code");
  await page.fill("#code", code);
  await send(page, "form:has(#code) button");
  await looks(round, "contact-added", "从现在起也会通知对方", "From now on they are told too");
  await says(round, "contact-added", contact.slice(-4), contact.slice(-4));
  return contact;
}
/// What somebody wants to be reminded of, and when not.
async function setsReminders(round, line) {
  const { page } = round;
  await round.open(`${line}/reminders`);
  await page.check('input[name="day14"]');
  await page.fill("#from", "22:00");
  await page.fill("#until", "");
  await send(page, "main form.card button");
  await looks(round, "reminders-wrong", "请按 21:00 这样的格式填写", "Enter both times");
  await page.fill("#until", "07:30");
  await send(page, "main form.card button");
  await looks(round, "reminders-set", "已保存，从现在起按此提醒", "These reminders hold from now on");
  const hours = [await page.inputValue("#from"), await page.inputValue("#until")];
  if (String(hours) !== "22:00,07:30") round.fault(`quiet hours are kept as ${hours}`);
  if (!(await page.isChecked('input[name="day14"]'))) round.fault("a day that was chosen is not kept");
  await send(page, 'form:has(input[name="usual"]) button');
  await says(round, "reminders-usual", "这是默认的提醒", "These are the usual reminders");
}

/// A line is lost: it stops, those around are told, and its owner switches it on again.
async function losesAndFinds(round, line, contact) {
  const { page } = round;
  await round.open(line);
  await page.click(`a[href="${line}/lost"]`);
  await page.waitForURL(/\/lost$/);
  await send(page, 'form[action$="/lost"] button');
  await looks(round, "lost", "已挂失，处于停机状态", "Reported lost. It has no service");
  await told(round, contact, /已挂失|reported lost/);
  await round.open(line);
  await looks(round, "line-lost", "挂失停机", "suspended, reported lost");
  await page.click(`section a[href="${line}/lost"], p a[href="${line}/lost"]`);
  await page.waitForURL(/\/lost$/);
  await page.click(`a[href="${line}/found"]`);
  await page.waitForURL(/\/found$/);
  await send(page, 'form[action$="/found"] button');
  await looks(round, "found", "已恢复使用", "It works again");
  await says(round, "found", "正常", "active");
}

/// Renewal by itself: nothing is agreed to beforehand, and it is switched off in two taps.
async function renewsByItself(round, line) {
  const { page } = round;
  await round.open(`${line}/auto-renew`);
  await looks(round, "auto-renew-off", "未开启自动续费", "Automatic renewal is off");
  if (await page.isChecked('input[name="terms"]')) round.fault("a renewal by itself is agreed to beforehand");
  await page.check('input[name="offering"][value="esim-29@1"]').catch(() => {});
  await page.selectOption("#method1", { index: 1 });
  await page.fill("#month_cap", "100");
  await send(page, `form.card[action="${line}/auto-renew"] button`);
  await says(round, "auto-renew-not-agreed", "请先勾选", "Please accept");
  await page.check('input[name="terms"]');
  await send(page, `form.card[action="${line}/auto-renew"] button`);
  await looks(round, "auto-renew-on", /已开启：.*自动续费/, /On: .* is renewed/);
  await round.open("/home");
  await page.click(`.line a[href="${line}"]`);
  await page.waitForURL((at) => at.pathname === line);
  await send(page, 'form[action$="/auto-renew/off"] button');
  await looks(round, "auto-renew-off-again", "未开启自动续费", "Automatic renewal is off");
}

/// An order is left before it is paid, found again, and paid another way; it waits for the plan before it.
async function paysAnotherWay(round, line) {
  const { page } = round;
  await round.open(`${line}/renew?offering=phone-19@1`);
  const order = await orders(round, "alipay_qr");
  const first = (await newestTrade()).out_trade_no;
  await round.open("/home");
  await says(round, "home-open", "进行中的订单", "Orders under way");
  await page.click(`section.open a[href="${order}"]`);
  await page.waitForURL((at) => at.pathname === order);
  await looks(round, "order-left", "换一种方式付款", "Pay another way");
  await send(page, 'form:has(input[name="method"][value="wechat_qr"]) button');
  await looks(round, "order-another-way", /微信/, /WeChat Pay/);
  const { out_trade_no: second, provider } = await newestTrade();
  if (second === first || provider !== "wechat") round.fault(`another way to pay began ${provider} ${second}`);
  await control(`trades/${second}/pay`, { method: "POST" });
  const paid = async () => (await page.$('a[href$="/receipt"]')) !== null;
  await until(round, "an order paid another way", paid, round.scripts ? null : () => page.reload());
  await looks(round, "order-queued", "已付款，到时自动开始", "Paid, starts by itself");
  const { trades } = await control("trades");
  const left = trades.find((trade) => trade.out_trade_no === first);
  if (left.state === "paid") round.fault("the first way was paid too");
  return order;
}

/// A voucher becomes balance, once; the balance pays a part of an order, and another way the rest.
async function redeems(round, line, code) {
  const { page } = round;
  if (code === undefined) return round.fault("no voucher is left: VOUCHERS names too few");
  await round.open("/voucher");
  await page.fill("#voucher", code.toLowerCase());
  await send(page, 'form[action="/voucher"] button');
  await looks(round, "voucher-added", "¥20.00 已存入余额", "¥20.00 was added to your balance");
  await page.fill("#voucher", code);
  await send(page, 'form[action="/voucher"] button');
  await looks(round, "voucher-again", "不会重复存入", "It is not added again");
  await says(round, "voucher-balance", /充值余额\s*¥20\.00/, /Paid credit\s*¥20\.00/);
  await round.open(`${line}/renew?offering=esim-29@1`);
  await orders(round, "alipay_qr");
  const whole = await page.getAttribute("figure.qr path[fill='#000']", "d");
  await send(page, 'form:has(input[name="method"][value="credit"]) button');
  await looks(round, "order-part-paid", /已用余额\s*¥20\.00/, /Paid from balance so far\s*¥20\.00/);
  const now = await page.$$eval("figure.qr path[fill='#000']", (all) => all.map((path) => path.getAttribute("d")));
  if (now.includes(whole)) round.fault("after a part was paid, the code to pay the whole price is still shown");
  const way = (method) => `form:has(input[name="method"][value="${method}"]) button`;
  if ((await page.$(way("alipay_qr"))) === null) round.fault("the rest cannot be paid by the way that was begun");
  await send(page, way("wechat_qr"));
  const { out_trade_no: trade, amount_fen: fen } = await newestTrade();
  if (fen !== 900) round.fault(`the rest of ¥29 after ¥20 is asked for as ${fen} fen`);
  await control(`trades/${trade}/pay`, { method: "POST" });
  const paid = async () => (await page.$('a[href$="/receipt"]')) !== null;
  await until(round, "an order paid in parts", paid, round.scripts ? null : () => page.reload());
  await round.open("/statement");
  await looks(round, "statement", "充值余额用于订单", "Paid credit put into an order");
  const file = await downloads(round, 'a[href^="/statement.csv"]');
  if (!/^statement-\d{4}-\d\d\.csv$/.test(file.name)) round.fault(`a statement is called ${file.name}`);
  if (!cells(round, "statement", file.text).includes("-20.00")) round.fault("a statement's file has not what was spent");
}

/// The money back of what was not used: asked for by its owner, and followed to its end.
async function takesBack(round, order) {
  const { page } = round;
  await round.open(order);
  await page.click(`a[href="${order}/refund"]`);
  await page.waitForURL(/\/refund$/);
  await looks(round, "refund", /退订并退回 ¥19/, /Take it back and return ¥19/);
  await send(page, 'form[action$="/refund"] button');
  await says(round, "refund-asked", /退/, /way back|went back|back/);
  const back = async () => /已原路退回|went back to where it came from/.test(await page.innerText("main"));
  await until(round, "money that is back", back, () => round.open(order));
  await looks(round, "refunded", "¥19.00 已原路退回", "¥19.00 went back to where it came from");
  const { trades } = await control("trades");
  const sum = trades.flatMap((trade) => trade.refunds).filter((refund) => refund.amount_fen === 1900).length;
  if (sum === 0) round.fault("the provider gave nothing back");
  await round.open("/history");
  await looks(round, "history-refunded", "已退回", "done");
}

/// Something is wrong with an order: a case that knows it, answered, solved, and opened again with a file.
async function asksSupport(round, order) {
  const { page } = round;
  await round.open(order);
  const number = (await page.innerText("main")).match(/\d{4}[ \d]{8,}\d/)?.[0] ?? "";
  await page.click(`a[href="${order}/case"]`);
  await page.waitForURL(/\/cases\/new/);
  await looks(round, "case-about", "关于您的订单", "About your order");
  if (number !== "") await says(round, "case-about", number, number);
  await page.fill("#subject", `No data ${round.name}`);
  await page.fill("#text", "It is paid & <b>nothing</b> works.");
  await send(page, "main form button");
  await looks(round, "case-sent", "我们在处理", "With us");
  const mine = pathOf(page);
  await elsewhere(round, async (staff) => {
    await staff.enter("hejing");
    await staff.open("/desk/cases");
    await staff.page.click(`a:has-text("No data ${round.name}")`);
    await staff.page.waitForURL(/\/desk\/cases\/.+/);
    await says(staff, "desk-case", "<b>nothing</b>", "<b>nothing</b>");
    await staff.page.fill("#text", "Please switch it off and on.");
    await send(staff.page, 'button[value="answer"]');
  });
  await told(round, round.number, /客服已回复|Support has answered you/);
  await round.open(mine);
  await looks(round, "case-answered", /等待您回复[\s\S]*off and on/, /Waiting for you[\s\S]*off and on/);
  await send(page, 'button[value="solved"]');
  await looks(round, "case-solved", "已解决", "Solved");
  await page.fill("#text", "It stopped again.");
  await page.setInputFiles("#files", { name: "log=<i>1</i>.txt", mimeType: "text/plain", buffer: Buffer.from("no signal") });
  await send(page, 'button[value="write"]');
  await looks(round, "case-reopened", "已重新打开，我们在处理", "Open again, with us");
  const file = await downloads(round, 'ol.said a[href*="/files/"]');
  if (file.text !== "no signal") round.fault(`the file of a case comes back as ${file.text}`);
  await round.open("/cases");
  await says(round, "cases", `No data ${round.name}`, `No data ${round.name}`);
}

/// The number of a line on another device, and taken from it again.
async function companion(round, line) {
  const { page } = round;
  await round.open(`${line}/devices`);
  await page.check('input[name="risk"]');
  await send(page, `form.card[action="${line}/devices"] button`);
  await looks(round, "companion-added", "已开通，在设备上安装后即可使用", "The device has the number once you load the code on it");
  await told(round, round.number, /在另一台设备上开通|Another device got the number/);
  await page.click('a[href$="/code"]');
  await page.waitForURL(/\/code$/);
  await says(round, "companion-code", /LPA:1\$/, /LPA:1\$/);
  await round.open(`${line}/devices`);
  await send(page, 'form[action$="/remove"] button');
  await looks(round, "companion-removed", "该设备已停用", "The device has lost the number");
}

/// Plans: found, put side by side; what is asked of them, answered by staff; and a review by somebody who used one.
async function chooses(round, line) {
  const { page } = round;
  await round.open(`${line}/plans?kind=voice`);
  await looks(round, "plans-voice", "60 分钟通话包", "60 minute voice pack");
  const names = await page.$$eval("section.offers > ul.offerings h3", (all) => all.map((one) => one.innerText));
  if (names.length !== 1) round.fault(`voice alone is offered as ${names.join(", ")}`);
  await page.fill("#price", "cheap");
  await send(page, 'form[method="get"] button');
  await looks(round, "plans-price-wrong", "请输入金额", "Please write an amount");
  await round.open(`${line}/plans?price=0.50`);
  await looks(round, "plans-none", "没有符合条件的商品", "Nothing on sale is like that");
  await round.open(`${line}/plans`);
  await says(round, "plans-fit", "只是猜测", "it would be a guess");
  await page.click('a[href*="compare=phone-19"]');
  await page.waitForURL(/compare=/);
  await looks(round, "plans-compare-first", "请再选一个", "Now pick what to compare");
  await page.click('a[href*="phone-39"][href*="compare="]');
  await page.waitForSelector("#compare table");
  await looks(round, "plans-compared", /对比[\s\S]*10 GB[\s\S]*40 GB/, /Side by side[\s\S]*10 GB[\s\S]*40 GB/);
  const plan = await planOf(round, line, "phone-39");
  await round.open(plan);
  await says(round, "plan-not-used", "这个号码用满一天后，您可以评价和回答", "You can write a review or answer once this line has used");
  const words = `Does it work on islands? ${round.name} ${aNumber().slice(-4)}`;
  await page.fill("#question", words);
  await send(page, 'form[action$="/question"] button');
  await looks(round, "question-sent", /谢谢。客服看过后就会展示[\s\S]*目前只有您能看到/, /Our staff look at it[\s\S]*nobody else sees it yet/);
  const review = `Good in town ${round.name} ${aNumber().slice(-4)}`;
  await elsewhere(round, async (other) => {
    await usesIt(other, review);
    await other.enter("hejing");
    for (const text of [words, review]) {
      await other.open("/desk/contributions");
      await send(other.page, `section:has-text("${text}") button[value="publish"]`);
    }
    await other.open("/desk/contributions");
    await other.page.fill(`section:has-text("${words}") textarea`, "On most of them.");
    await send(other.page, `section:has-text("${words}") form[action$="/answer"] button`);
  });
  await round.open(plan);
  await looks(round, "question-answered", /On most of them/, /On most of them/);
  await says(round, "review-shown", review, review);
  await send(page, `article:has-text("${review}") form[action$="/report"] button`);
  await looks(round, "review-reported", "谢谢，客服会查看", "Thank you. Our staff look at it");
  await elsewhere(round, async (staff) => {
    await staff.enter("hejing");
    await staff.open("/desk/contributions");
    await says(staff, "desk-reported", /\d 位客户举报/, /\d customers? reported this/);
    await send(staff.page, `section:has-text("${review}") button[value="keep"]`);
  });
  await send(page, `article:has-text("${words}") form[action$="/withdraw"] button`);
  await looks(round, "question-withdrawn", "已撤回，内容已删除", "Taken back; its text is gone");
}
/// Somebody whose line used a plan for days: what fits, how that is reckoned, a review; what was used by day, and its file.
async function usesIt(round, review) {
  const { page } = round;
  await round.enter("linfang");
  const phone = await page.$eval('.line a:has-text("我的手机")', (link) => link.getAttribute("href"));
  await round.open(`${phone}/plans`);
  await looks(round, "plans-fit", "够用，而且是够用的里面最便宜的", "covers it and is the cheapest that does");
  await page.click("#fit ~ details summary");
  await says(round, "plans-fit-how", /以来的 \d+ 个整天[\s\S]*再多留 \d+%/, /\d+ complete days[\s\S]*scaled to the days it lasts/);
  const read = (rows) => rows.map((row) => [...row.cells].map((cell) => cell.innerText));
  const rows = await page.$$eval("#fit ~ details tbody tr", read);
  if (rows.length < 2 || rows.flat().includes("")) round.fault(`it is reckoned as ${JSON.stringify(rows)}`);
  await round.open(await planOf(round, phone, "phone-39"));
  await page.selectOption("#stars", "4");
  await page.fill("#review-text", review);
  await page.selectOption("#region", "CN-FJ");
  await send(page, 'form[action$="/review"] button');
  await looks(round, "review-sent", "谢谢。客服看过后就会展示", "Our staff look at it before everybody sees it");
  await round.open(`${phone}/usage?days=31`);
  await looks(round, "usage", /最多的一天是/, /in all; most on/);
  await page.click("section.card details summary");
  const days = await page.$$eval("section.card details tbody tr", (all) => all.length);
  if (days < 10) round.fault(`usage is shown for ${days} days`);
  const file = await downloads(round, 'a[href*="usage.csv"]');
  const found = cells(round, "usage", file.text);
  if (!file.name.startsWith("usage-") || found.length < days * 5) round.fault(`${file.name} has ${found.length} cells`);
}

/// A line goes to somebody else, who takes it by a link of their own; what was before stays with whoever had it.
async function handsOver(round, line) {
  const { page } = round;
  const taker = aNumber();
  await round.open(`${line}/owner`);
  await page.fill("#contact", taker);
  await send(page, `form[action="${line}/owner"] button`);
  await says(round, "offer-not-agreed", "请确认剩余的套餐不会一并转走", "Please confirm that what is left does not go along");
  await page.check('input[name="agree"]');
  await send(page, `form[action="${line}/owner"] button`);
  await looks(round, "offered", "前有效", "Offered to");
  const message = await told(round, taker, /过户给您|hand the line/);
  const link = message.text.match(/\/take-over\/[\w-]+/)[0];
  await elsewhere(round, async (stranger) => {
    await registered(stranger);
    const answer = await stranger.page.goto(url(link));
    if (answer.status() !== 404) stranger.fault(`an offer to somebody else is answered with ${answer.status()}`);
  });
  await elsewhere(round, async (other) => {
    await other.open(link);
    await other.page.fill("#phone", taker);
    await send(other.page, 'form[action="/sign-in"] button');
    await other.page.fill("#code", await codeOf(taker));
    await send(other.page, "form:has(#code) button");
    if (pathOf(other.page) !== link) other.fault(`whoever is offered a line is led to ${other.page.url()}`);
    await looks(other, "take-over", "接受后号码和卡归您所有", "its number and card are yours");
    await send(other.page, `form[action="${link}"] button`);
    await looks(other, "taken", "该号码已归到您名下，请选择第一个套餐", "The line is yours now. Choose its first plan");
    await says(other, "taken-no-plan", "还没有订单", "No orders yet");
    if ((await other.page.innerText("main")).includes(NAME)) other.fault("the name of a line went along to its new owner");
    await other.open("/history");
    await says(other, "taken-history", "还没有订单", "Nothing was ordered yet");
    await other.open("/statement");
    await says(other, "taken-statement", "这个月没有资金变动", "Nothing moved your money in this month");
  });
  await told(round, round.number, /已于 .* 过户给新机主|went on to its new owner/);
  const gone = await page.goto(url(`${line}/settings`));
  if (gone.status() !== 404) round.fault(`the settings of a line that went on are answered with ${gone.status()}`);
  await round.open("/history");
  await looks(round, "history-stays", "青禾 eSIM 29 元套餐", "Qinghe eSIM 29");
  const file = await downloads(round, 'a[href^="/history.csv"]');
  const found = cells(round, "history", file.text);
  const named = found.find((cell) => cell.includes("1+1"));
  if (named !== `'${NAME}`) round.fault(`${NAME} is in the history's file as ${named}`);
}

/// The portal as an application: what it is installed as, what it shows without a connection, and not to the next person.
async function withoutConnection(round) {
  const { page } = round;
  await round.open("/home");
  const fetched = (what) => page.evaluate(async (what) => (await fetch(what)).text(), what);
  const manifest = JSON.parse(await fetched(await page.getAttribute('link[rel="manifest"]', "href")));
  const sizes = manifest.icons.map((icon) => icon.sizes).join();
  if (manifest.display !== "standalone" || manifest.start_url !== "/home" || !/192x192.*512x512/.test(sizes)) {
    round.fault(`it cannot be installed: ${JSON.stringify(manifest)}`);
  }
  for (const icon of manifest.icons) if ((await fetched(icon.src)).length < 100) round.fault(`no icon ${icon.src}`);
  const kept = (wanted) =>
    page.waitForFunction(async (wanted) => ((await caches.match("/offline")) !== undefined) === wanted, wanted);
  await round.open("/home");
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  await round.open("/home");
  await kept(true);
  const number = (await page.innerText(".line .number, .line .name")).trim();
  await page.context().setOffline(true);
  await round.open("/home");
  await looks(round, "offline", /没有网络[\s\S]*截至 .*\d\d:\d\d/, /No connection[\s\S]*As of .*\d\d:\d\d/);
  await says(round, "offline", number, number);
  await page.context().setOffline(false);
  await round.open("/home");
  await signsOut(round);
  await kept(false);
  await page.context().setOffline(true);
  await page.goto(url("/home")).catch(() => {});
  if ((await page.innerText("body")).includes(number)) round.fault("the next person sees the line of whoever signed out");
  await page.context().setOffline(false);
}

async function aLine(round) {
  await round.open("/");
  await outsideOf(round.page);
  round.number = await registered(round);
  const line = await buysAnEsim(round);
  await describes(round, line);
  await setsReminders(round, line);
  const contact = await addsAContact(round, line);
  await losesAndFinds(round, line, contact);
  await renewsByItself(round, line);
  const queued = await paysAnotherWay(round, line);
  await asksSupport(round, queued);
  await takesBack(round, queued);
  await redeems(round, line, vouchers.shift());
  await companion(round, line);
  await chooses(round, line);
  await handsOver(round, line);
  if (!round.scripts) return;
  await registered(round);
  await buysAnEsim(round);
  await withoutConnection(round);
}

await inAllWays("lines", aLine);
