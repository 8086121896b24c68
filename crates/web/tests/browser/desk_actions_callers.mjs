// What the desk does for whoever calls: finds them, has them prove who they are by a code, acts on their line, offers it to
// another owner; works on cases, with the answers that are prepared; and looks after messages that did not go out.
import { messageTo, never, put, stamp, until } from "./desk_actions_shared.mjs";
import { aNumber } from "./outside.mjs";

/// Finds a customer by the number that they read.
export async function finds(member, number) {
  await member.open("/desk/find");
  await member.fill({ "#q": number });
  await member.press("main form button");
  const found = '/desk/customers/';
  const href = await member.page.getAttribute(`main a[href^="${found}"]`, "href", { timeout: 3_000 });
  return href.split("?")[0];
}

/// A caller is asked for the code that was sent to their number.
async function provesCaller(member, customer, number) {
  await member.open(customer);
  if (!(await member.has('form[action$="/caller"]'))) return;
  const since = Date.now() * 1000 - 1;
  await member.press('form[action$="/caller"] button');
  const fits = (message) => message.parameters.code !== undefined && message.at_us > since;
  const sent = await until("the caller's code", () => messageTo(number, fits));
  never(/\b(登录|sign in)\b/i.test(sent.text), `the caller's code reads like one to sign in: ${sent.text}`);
  const wrong = sent.parameters.code === "000000" ? "000001" : "000000";
  await member.fill({ "#code": wrong });
  await member.press('form[action$="/caller/code"] button');
  await member.says("desk-caller-wrong", {}, '[role="alert"]');
  await member.fill({ "#code": sent.parameters.code });
  await member.press('form[action$="/caller/code"] button');
  await member.says("desk-caller-proved", {}, '[role="status"]');
}

/// Commands the line that is open; its state afterwards.
async function commands(member, line, what, reason) {
  await member.open(line);
  await member.page.check(`input[name="do"][value="${what}"]`);
  await member.fill({ "#why": reason });
  await member.press('form[action$="/command"] button');
}
const stateIs = async (member, line, key) => {
  await member.open(line);
  await member.states("desk-who", "line-state", key);
};

export async function findsAndShows(run, facts) {
  const [agent, senior, owner] = [await run.as("hejing"), await run.as("senior"), await run.as("owner")];
  await run.act("customer found by number, and shown masked", async () => {
    facts.customer = await finds(agent, owner.number);
    await agent.open(facts.customer);
    facts.deskLine = await agent.page.getAttribute('main a[href*="?line="]', "href");
    never((await agent.text()).includes(owner.number), "an agent reads the number in the clear");
    never(await agent.has('form[action$="/reveal"]'), "an agent may see what is masked");
  });
  await run.act("what is masked shown, with a reason", async () => {
    await senior.open(facts.customer);
    await senior.fill({ "#reason": run.in("来电核对号码", "Compared with the caller") });
    await senior.press('form[action$="/reveal"] button');
    await senior.shows(owner.number, '[role="status"]');
    await senior.open(facts.customer);
    never((await senior.text()).includes(owner.number), "it is shown once more without a reason");
  });
}

export async function linesCommanded(run, facts) {
  const [agent, senior, owner] = [await run.as("hejing"), await run.as("senior"), await run.as("owner")];
  const line = facts.deskLine;
  const reason = run.in(`来电要求 ${stamp}`, `Asked by phone ${stamp}`);
  await run.act("line barred, and the bar lifted", async () => {
    await commands(agent, line, "bar", reason);
    await stateIs(agent, line, "line-state-barred");
    await owner.open(facts.line);
    await owner.says("line-state-barred");
    await commands(agent, line, "lift_bar", reason);
    await stateIs(agent, line, "line-state-active");
    await agent.open(`${line}&kind=life`);
    await agent.says("life-because-command");
  });
  await run.act("caller proved by a code", () => provesCaller(agent, facts.customer, owner.number));
  await run.act("line reported lost, and a colleague's stale page", async () => {
    await senior.open(line);
    await commands(agent, line, "report_lost", reason);
    await stateIs(agent, line, "line-state-lost");
    await senior.page.check('input[name="do"][value="bar"]');
    await senior.fill({ "#why": reason });
    await senior.press('form[action$="/command"] button');
    await senior.says("desk-stale-line", { name: run.words.get("line-state-lost") }, '[role="alert"]');
    await owner.open(facts.line);
    await owner.says("line-state-lost");
  });
  await run.act("another card: what is not in stock is refused", async () => {
    await agent.open(line);
    await agent.unfold("#card-iccid");
    await agent.fill({ "#card-iccid": "89861126000099999999", "#card-secret": "12345678", "#card-reason": reason });
    await agent.press('form[action$="/card"] button');
    await agent.says("replace-no-such", {}, '[role="alert"]');
    await stateIs(agent, line, "line-state-lost");
  });
  await run.act("another card: only for a caller who proved", async () => {
    await senior.open(line);
    await senior.says("desk-hand-prove-first");
    never(await senior.has('form[action$="/card"]'), "a colleague's proof counts");
  });
  await run.act("line found again", async () => {
    await commands(agent, line, "lift_lost", reason);
    await stateIs(agent, line, "line-state-active");
    await owner.open(facts.line);
    await owner.saysNot("line-state-lost");
  });
}

/// A line is offered for a caller, taken back, offered again, and taken by its new owner.
export async function changesOwner(run, facts) {
  const [agent, owner] = [await run.as("hejing"), await run.as("owner")];
  const taker = await run.newcomer("taker");
  const reason = run.in("过户给家人", "Goes to a relative");
  const offers = async (number) => {
    await agent.open(facts.deskLine);
    await agent.unfold("#offer-contact");
    await agent.fill({ "#offer-contact": number, "#offer-reason": reason });
    await agent.press('form[action$="/offer"] button');
    await agent.says("desk-done-offered", {}, '[role="status"]');
    await agent.says("desk-offer-open");
  };
  await run.act("change of ownership offered and taken back", async () => {
    await provesCaller(agent, facts.customer, owner.number);
    await offers(taker.number);
    const other = await run.another("hejing");
    await other.open(facts.deskLine);
    await agent.press('form[action$="/offer/withdraw"] button');
    await agent.says("desk-done-withdrawn", {}, '[role="status"]');
    await agent.saysNot("desk-offer-open");
    await other.press('form[action$="/offer/withdraw"] button');
    await other.says("desk-offer-over", {}, '[role="alert"]');
  });
  await run.act("change of ownership offered, and taken by the new owner", async () => {
    const since = Date.now() * 1000 - 1;
    await offers(taker.number);
    const fits = (message) => message.template === "line_offered" && message.at_us > since;
    const sent = await until("the offer's message", () => messageTo(taker.number, fits));
    await taker.open(new URL(sent.text.match(/https?:\/\/\S+\/take-over\/[\w-]+/)[0]).pathname);
    await taker.press("main form:not([action$='/decline']) button");
    const there = async () => (await taker.links("/lines/")).length > 0;
    await until("a line of its new owner", there, () => taker.open("/home"));
    await agent.open(await finds(agent, taker.number));
    never(!(await agent.has('main a[href*="?line="]')), "the new owner has no line at the desk");
    await owner.open("/home");
    never((await owner.links("/lines/")).includes(facts.line), "the former owner has it still");
  });
}

const writes = async (member, text, what) => {
  await member.fill({ "#text": text });
  await member.press(`main form button[value="${what}"]`);
};
const change = (member, what) => member.press(`main form button[value="${what}"]`);

export async function cases(run, facts) {
  const [agent, senior, owner] = [await run.as("hejing"), await run.as("senior"), await run.as("owner")];
  const say = (chinese, english) => `${run.in(chinese, english)} ${stamp}`;
  let path = null;
  await run.act("case: asked by a customer, taken by an agent", async () => {
    await owner.open(`${facts.esimOwn}/case`);
    await owner.fill({ "#subject": say("没有信号", "No signal"), "#text": say("付款后没有信号", "Paid, and no signal") });
    await owner.press("main form button");
    facts.caseOwn = new URL(owner.page.url()).pathname;
    await agent.open("/desk/cases?owner=none");
    path = await agent.page.getAttribute(`main a.row:has-text("${say("没有信号", "No signal")}")`, "href");
    await agent.open(path);
    await change(agent, "take");
    await agent.states("case-about", "case-owner", run.team.signed.hejing);
    await agent.open("/desk/cases?owner=me");
    never(!(await agent.has(`main a[href="${path}"]`)), "it is not among the agent's own");
  });
  await run.act("case: priority set", async () => {
    await agent.open(path);
    await agent.page.selectOption("#priority", "urgent");
    await change(agent, "priority");
    await agent.states("case-about", "case-priority", "case-priority-urgent");
  });
  await run.act("case: internal note, which its asker does not read", async () => {
    await writes(agent, say("查过基站，正常", "Looked at the cell, fine"), "note");
    await agent.shows(say("查过基站，正常", "Looked at the cell, fine"), "ol.said li.quiet");
    await owner.open(facts.caseOwn);
    never((await owner.text()).includes(say("查过基站，正常", "Looked at the cell, fine")), "the asker reads a note");
  });
  await run.act("case: answered with a prepared answer", async () => {
    await agent.page.selectOption("#prepared", { label: facts.prepared });
    await change(agent, "fill");
    const filled = await agent.page.inputValue("#text");
    never(filled.length < 10 || /[{}]/.test(filled), `filled in is: ${filled}`);
    await change(agent, "answer");
    await agent.says("case-desk-waiting", {}, ".badge");
    await owner.open(facts.caseOwn);
    await owner.says("case-state-waiting", {}, ".badge");
    await owner.shows(filled.replace(/\s+/g, " "), "ol.said");
  });
  await run.act("case: handed on, and a stale page of who had it", async () => {
    const other = await run.another("hejing");
    await other.open(path);
    await agent.open(path);
    await agent.page.selectOption("#to", { label: run.team.names.senior });
    await change(agent, "hand");
    await agent.states("case-about", "case-owner", run.team.signed.senior);
    await writes(other, say("这句不该发出", "This must not go out"), "answer");
    await other.says("case-not-stale-by", {}, '[role="alert"]');
    await other.says("case-how-handed-on", {}, '[role="alert"]');
    never(!(await other.page.inputValue("#text")).includes(stamp), "what was typed is lost");
    await owner.open(facts.caseOwn);
    never((await owner.text()).includes(say("这句不该发出", "This must not go out")), "a stale answer went out");
  });
  await run.act("case: solved by who it was handed to, and opened again by its asker", async () => {
    await senior.open("/desk/cases?owner=me");
    never(!(await senior.has(`main a[href="${path}"]`)), "it is not among the senior's own");
    await senior.open(path);
    await senior.press('main form button[name="state"][value="solved"]');
    await senior.says("case-desk-solved", {}, ".badge");
    await owner.open(facts.caseOwn);
    await owner.says("case-state-solved", {}, ".badge");
    await owner.fill({ "#text": say("还是没有信号", "Still no signal") });
    await owner.press('main form button[value="write"]');
    await owner.says("case-state-reopened", {}, ".badge");
    await senior.open(path);
    await senior.says("case-desk-reopened", {}, ".badge");
  });
  await run.act("case: let go", async () => {
    await senior.open(path);
    await change(senior, "let_go");
    await senior.states("case-about", "case-owner", "case-owner-nobody");
  });
  await run.act("case: opened for a caller, who reads it, and merged into another", async () => {
    await agent.open(`${facts.customer}/case`);
    const subject = say("来电：信号", "By phone: signal");
    await agent.fill({ "#subject": subject, "#text": say("来电催办", "Called again") });
    await agent.page.check('input[name="owner_reads"]');
    await agent.press("main form button");
    await agent.states("case-about", "case-owner", run.team.signed.hejing);
    const merged = new URL(agent.page.url()).pathname;
    await owner.open("/cases");
    await owner.shows(subject);
    const into = await agent.page.$$eval("#into option", (all, of) => all.find((one) => one.innerText.includes(of)).value,
      say("没有信号", "No signal"));
    await agent.page.selectOption("#into", into);
    await change(agent, "merge");
    never(new URL(agent.page.url()).pathname !== path, `merging leads to ${agent.page.url()}`);
    await agent.shows(say("来电催办", "Called again"), "ol.said");
    await agent.open(merged);
    await agent.says("case-merged-into");
    never(await agent.has("#text"), "the merged case takes more");
  });
  await run.act("case: answered with a file, and solved with the answer", async () => {
    await agent.open(path);
    const file = { name: "how.txt", mimeType: "text/plain", buffer: Buffer.from(`how ${stamp}`) };
    await agent.page.setInputFiles('input[type="file"]', file);
    await agent.page.check('input[name="then"][value="solved"]');
    await writes(agent, say("请看附件", "Please see the file"), "answer");
    await agent.says("case-desk-solved", {}, ".badge");
    await owner.open(facts.caseOwn);
    never((await owner.takes("ol.said a[download]")) !== `how ${stamp}`, "the file is another one");
    await agent.open(path);
    never((await agent.takes("ol.said a[download]")) !== `how ${stamp}`, "the file at the desk is another one");
  });
}

/// Answers that are prepared: written in both languages, written anew, and removed.
export async function prepared(run, facts) {
  const senior = await run.as("senior");
  const title = (of) => `${of} ${stamp} ${run.name}`;
  await run.act("prepared answer written", async () => {
    await senior.open("/desk/prepared/new");
    await senior.fill({
      "#title-zh-CN": title("重启"), "#text-zh-CN": "您好，工单 {case}，请重启设备。{hotline}",
      "#title-en": title("Restart"), "#text-en": "Hello, case {case}: please restart. {hotline}",
    });
    await senior.press('button[value="keep"]');
    facts.prepared = title(run.in("重启", "Restart"));
    await senior.open("/desk/prepared");
    await senior.shows(facts.prepared);
  });
  await run.act("prepared answer written anew, and a stale page of it", async () => {
    const other = await run.another("operator");
    const path = await senior.page.getAttribute(`main a.row:has-text("${facts.prepared}")`, "href");
    await other.open(path);
    await senior.open(path);
    await senior.fill({ "#text-en": "Hello, case {case}: please switch it off and on. {hotline}" });
    await senior.press('button[value="keep"]');
    await senior.open(path);
    never(!/off and on/.test(await senior.page.inputValue("#text-en")), "it is as it was");
    await other.fill({ "#text-en": "Hello, case {case}: overwritten." });
    await other.press('button[value="keep"]');
    never(!(await other.has('[role="alert"]')), "a stale page overwrites a colleague's words");
    await senior.open(path);
    never(/overwritten/.test(await senior.page.inputValue("#text-en")), "a colleague's words are overwritten");
  });
}
export async function preparedRemoved(run, facts) {
  const senior = await run.as("senior");
  await run.act("prepared answer removed", async () => {
    await senior.open("/desk/prepared");
    await senior.open(await senior.page.getAttribute(`main a.row:has-text("${facts.prepared}")`, "href"));
    await senior.press('button[value="remove"]');
    await senior.open("/desk/prepared");
    never((await senior.text()).includes(facts.prepared), "it is there still");
  });
}

/// Jobs that gave up: messages about an offer that their provider refused.
export async function jobs(run, facts) {
  const [operator, agent, owner] = [await run.as("operator"), await run.as("hejing"), await run.as("owner")];
  const article = `main article:has(h3:text-is("${run.words.get("ops-kind-tell-offer")}"))`;
  const withdraw = 'form[action$="/offer/withdraw"] button';
  const offers = async () => {
    await agent.open(facts.deskLine);
    if (await agent.has(withdraw)) await agent.press(withdraw);
    await agent.unfold("#offer-contact");
    await agent.fill({ "#offer-contact": aNumber(), "#offer-reason": run.in("过户给家人", "Goes to a relative") });
    await agent.press('form[action$="/offer"] button');
    await agent.says("desk-done-offered", {}, '[role="status"]');
  };
  const left = () => operator.page.locator(article).count();
  const become = async (count) => {
    await operator.open("/desk/operations");
    await until(`${count} jobs that gave up`, async () => (await left()) === count, () => operator.open("/desk/operations"));
  };
  const refused = async (count) => {
    await put("sms/fault", "refuse");
    try {
      await offers();
      await become(count);
    } finally {
      await put("sms/fault", "none");
    }
  };
  await run.act("job that gave up: run again, and a stale page", async () => {
    await provesCaller(agent, facts.customer, owner.number);
    await refused(1);
    await operator.says("ops-job-gave-up", {}, article);
    await operator.says("ops-why-refused", {}, article);
    await operator.says("ops-job-tries", { runs: 1 }, article);
    const other = await run.another("operator");
    await other.open("/desk/operations");
    await operator.press(`${article} button[value="retry"]`);
    // What its provider refused once stays refused.
    const again = run.words.pattern("ops-job-tries", { runs: 2 });
    const ran = async () => (await left()) === 0 || again.test(await operator.text(article));
    await until("another run of the job", ran, () => operator.open("/desk/operations"));
    await other.press(`${article} button[value="retry"]`);
    await other.says("ops-job-stale", {}, '[role="alert"]');
  });
  await run.act("job that gave up: given up for good, with a reason", async () => {
    if ((await left()) === 0) await refused(1);
    await operator.press(`${article} button[value="give_up"]`);
    await operator.says("ops-reason-needed", {}, '[role="alert"]');
    await operator.fill({ [`${article} input[name="reason"]`]: run.in("号码写错了", "The number was wrong") });
    await operator.press(`${article} button[value="give_up"]`);
    never((await left()) > 0, "it is there still");
  });
  await run.act("jobs of a kind that gave up: all run again", async () => {
    await refused(1);
    await refused(2);
    const all = async (count) => {
      await operator.press('form[action="/desk/operations/jobs"]:has(input[value="tell_offer"]) button');
      await operator.says("ops-jobs-retried", { count }, '[role="status"]');
    };
    await all(2);
    // Nobody has to be told of the first offer, which was taken back; nor of the second then.
    await until("the end of a job", async () => (await left()) < 2, () => operator.open("/desk/operations"));
    await agent.open(facts.deskLine);
    await agent.press(withdraw);
    await operator.open("/desk/operations");
    if ((await left()) > 0) await all(1);
    await become(0);
  });
}
