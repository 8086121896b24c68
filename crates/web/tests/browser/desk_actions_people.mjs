// What the desk decides about people: credit that is given and corrected, accounts that close, who somebody is, who is let
// in where no code arrives, and what customers write under offerings.
import { messageTo, never, stamp, until } from "./desk_actions_shared.mjs";
import { aNumber } from "./outside.mjs";
import { finds } from "./desk_actions_callers.mjs";

/// The last change of credit of a kind, and what can be done with it.
const changeOf = async (member, key, term, wanted) => {
  const [first] = await member.cards(key, false);
  never(first === undefined, `no change ${key}: ${await member.begins()}`);
  const row = first.facts.find(([name]) => name.trim() === member.words.get(term));
  const text = member.words.all.has(wanted) ? member.words.get(wanted) : wanted;
  const fits = (row?.[1] ?? "").includes(text);
  never(!fits, `${key}, ${term}: “${row?.[1]}” instead of ${wanted}`);
};
async function gives(member, customer, amount, reason) {
  await member.open(customer);
  await member.unfold("#goodwill-amount");
  await member.fill({ "#goodwill-amount": amount, "#goodwill-reason": reason });
  await member.press('form[action$="/credit/goodwill"] button');
}
async function fillsCorrection(member, kind, amount, reason) {
  await member.unfold("#adjust-amount");
  await member.page.check(`input[name="kind"][value="${kind}"]`);
  await member.fill({ "#adjust-amount": amount, "#adjust-reason": reason });
}
async function corrects(member, customer, kind, amount, reason) {
  await member.open(customer);
  await fillsCorrection(member, kind, amount, reason);
  await member.press('form[action$="/credit/adjust"] button');
}
const decides = (verdict) => `form[action$="/decide"]:has(input[name="verdict"][value="${verdict}"])`;
const decide = (member, verdict) => member.press(`${decides(verdict)} button`);
/// What the owner reads of an account's credit, in the order of the page.
const balance = async (owner) => {
  await owner.open("/voucher");
  const held = async (term) => (await owner.fact("voucher-balance", term)).replace(/[^\d.]/g, "") || "0";
  return [await held("home-paid-credit"), await held("home-promo-credit")];
};

export async function credit(run, facts) {
  const [agent, finance, second] = [await run.as("hejing"), await run.as("finance"), await run.as("finance2")];
  const [operator, owner] = [await run.as("operator"), await run.as("owner")];
  const reason = run.in(`断网半天 ${stamp}`, `Half a day without service ${stamp}`);
  await run.act("goodwill given", async () => {
    const [, before] = await balance(owner);
    await gives(agent, facts.customer, "1.00", reason);
    await agent.says("desk-done-goodwill", {}, '[role="status"]');
    await changeOf(agent, "desk-credit-goodwill", "desk-state", "desk-refund-done");
    await changeOf(agent, "desk-credit-goodwill", "desk-reason", reason);
    const [, after] = await balance(owner);
    never(Number(after) - Number(before) !== 1, `promotional credit went from ${before} to ${after}`);
  });
  await run.act("goodwill: more than a day allows is refused", async () => {
    await gives(agent, facts.customer, "20.00", reason);
    await agent.says("desk-credit-over-customer", {}, '[role="alert"]');
  });
  await run.act("credit corrected within the limit, by one person", async () => {
    const [before] = await balance(owner);
    await corrects(finance, facts.customer, "raised", "2.00", reason);
    await finance.says("desk-done-adjusted", {}, '[role="status"]');
    const [after] = await balance(owner);
    never(Number(after) - Number(before) !== 2, `paid credit went from ${before} to ${after}`);
  });
  await run.act("credit: a stale page", async () => {
    await second.open(facts.customer);
    await corrects(finance, facts.customer, "lowered", "2.00", reason);
    await finance.says("desk-done-adjusted", {}, '[role="status"]');
    await fillsCorrection(second, "lowered", "1.00", reason);
    await second.press('form[action$="/credit/adjust"] button');
    await second.says("desk-stale-credit", {}, '[role="alert"]');
  });
  await run.act("credit corrected above the limit: asked, and whoever asked cannot approve", async () => {
    await corrects(finance, facts.customer, "raised", "88.00", reason);
    await finance.says("desk-done-asked", {}, '[role="status"]');
    await changeOf(finance, "desk-credit-raised", "desk-state", "desk-refund-requested");
    never(await finance.has(decides("approve")), "there is a button to approve it");
    await finance.forges(decides("decline"), "verdict", "approve");
    await finance.says("refund-undecided-same-person", {}, '[role="alert"]');
    const other = await run.another("finance");
    await other.open(facts.customer);
    never(await other.has(decides("approve")), "the same person's other browser has a button to approve it");
    await other.forges(decides("decline"), "verdict", "approve");
    await other.says("refund-undecided-same-person", {}, '[role="alert"]');
  });
  await run.act("credit: who let the asker in cannot approve either", async () => {
    await operator.open("/desk");
    never(!(await operator.has(`main a[href="${facts.customer}#credit"]`)), "it is not in the queue");
    await operator.open(facts.customer);
    await decide(operator, "approve");
    await operator.says("refund-undecided-let-in", {}, '[role="alert"]');
    await changeOf(operator, "desk-credit-raised", "desk-state", "desk-refund-requested");
  });
  await run.act("credit corrected above the limit: approved by another", async () => {
    const [before] = await balance(owner);
    await second.open(facts.customer);
    await decide(second, "approve");
    await second.says("desk-done-decided", {}, '[role="status"]');
    await changeOf(second, "desk-credit-raised", "desk-refund-decided-by", run.team.names.finance2);
    const [after] = await balance(owner);
    never(Number(after) - Number(before) !== 88, `paid credit went from ${before} to ${after}`);
  });
  await run.act("credit corrected above the limit: declined by another", async () => {
    const [before] = await balance(owner);
    await corrects(finance, facts.customer, "lowered", "60.00", reason);
    await finance.says("desk-done-asked", {}, '[role="status"]');
    await second.open(facts.customer);
    await decide(second, "decline");
    await second.says("desk-done-decided", {}, '[role="status"]');
    await changeOf(second, "desk-credit-lowered", "desk-state", "desk-refund-declined");
    const [after] = await balance(owner);
    never(after !== before, `paid credit went from ${before} to ${after}`);
  });
}

/// Somebody leaves: asks for it, and what they paid in is sent to their bank.
export async function closings(run) {
  const [finance, second] = [await run.as("finance"), await run.as("finance2")];
  let leaver = null;
  const bank = `DE${stamp}${run.table.runs.indexOf(run.name)}`.toUpperCase();
  const card = `main section:has(dd:text-is("${bank}"))`;
  const button = (action) => `${card} form[action$="/${action}"] button`;
  await run.act("closing: asked, and taken up by one of two who look", async () => {
    leaver = await run.newcomer("leaver");
    const customer = await finds(finance, leaver.number);
    await corrects(finance, customer, "raised", "60.00", run.in("门店收款", "Paid in a shop"));
    await second.open(customer);
    await decide(second, "approve");
    await leaver.open("/account/close");
    await leaver.shows("60.00");
    await leaver.fill({ "#holder": run.in("陈明", "Chen Ming"), "#bank": run.in("青禾银行", "Qinghe Bank"), "#number": bank });
    await leaver.page.check('input[name="agree"]');
    await leaver.press('form[action="/account/close"] button');
    await leaver.says("close-open");
    await second.open("/desk/closings");
    await finance.open("/desk/closings");
    await finance.shows("60.00", card);
    await finance.press(button("take"));
    await finance.says("desk-closings-sending", { name: run.team.signed.finance }, card);
    await second.press(button("take"));
    await second.says("desk-identity-gone", {}, '[role="alert"]');
    await leaver.open("/account/close");
    await leaver.says("close-sending");
    never(await leaver.has('form[action$="/withdraw"]'), "the owner can take it back");
  });
  await run.act("closing: money did not go out", async () => {
    await finance.press(button("not-sent"));
    never(!(await finance.has(button("take"))), "it cannot be taken up again");
    await leaver.open("/account/close");
    await leaver.says("close-open");
  });
  await run.act("closing: taken up and paid out", async () => {
    await finance.press(button("take"));
    await finance.fill({ [`${card} input[name="bank_id"]`]: `P${stamp}${run.name}` });
    await finance.press(button("sent"));
    never(await finance.has(card), "it is in the list still");
    await leaver.tries("/home");
    never(!/\/sign-in/.test(leaver.page.url()), `a closed account opens ${leaver.page.url()}`);
    await finance.open("/desk/find");
    await finance.fill({ "#q": leaver.number });
    await finance.press("main form button");
    await finance.says("find-nothing");
  });
}

const PICTURE = { name: "passport.png", mimeType: "image/png", buffer: Buffer.from("\x89PNG\r\n\x1a\n....", "latin1") };
/// Who somebody says to be, by a passport, which no registry here knows.
async function saysWho(owner, path, number, withPicture, reason) {
  await owner.open(path);
  never(/\/account\/confirm/.test(owner.page.url()), "the proof is older than ten minutes");
  await owner.fill({ "#name": "Anna Chen" });
  await owner.page.selectOption("#document_kind", "passport");
  await owner.fill({ "#document_number": number, "#born": "1990-01-31" });
  if (reason) await owner.fill({ "#reason": reason });
  if (withPicture) await owner.page.setInputFiles('input[type="file"]', PICTURE);
  await owner.page.check('input[name="agree"]');
  await owner.press('form[action="/account/identity"] button');
}
export async function identities(run, facts) {
  const [operator, owner] = [await run.as("operator"), await run.as("owner")];
  const passport = () => `E${String(Math.random()).slice(2, 9)}`;
  const section = `main section:has(form[action^="${facts.customer.replace("customers", "identity")}/"])`;
  const decide = async (member, verdict, note) => {
    await member.fill({ [`${section} textarea`]: note });
    await member.press(`${section} button[value="${verdict}"]`);
  };
  const waits = (key) => {
    const there = async () => run.words.pattern(key).test(await operator.text(section).catch(() => ""));
    return until("somebody to decide about", there, () => operator.open("/desk/identity"));
  };
  const note = run.in(`视频看过证件 ${stamp}`, `Saw the passport by video ${stamp}`);
  await run.act("identity: as said, accepted, and a stale page", async () => {
    await saysWho(owner, "/account/identity", passport(), false);
    await operator.open("/desk/identity");
    await waits("desk-identity-said");
    const other = await run.another("operator");
    await other.open("/desk/identity");
    await decide(operator, "accept", note);
    never(await operator.has(section), "it waits still");
    await decide(other, "refuse", note);
    await other.says("desk-identity-gone", {}, '[role="alert"]');
    await owner.open("/account/identity");
    await owner.says("identity-verified");
    await operator.open(facts.customer);
    await operator.states("desk-who", "identity-title", "desk-identity-verified");
  });
  await run.act("identity: correction with papers, refused", async () => {
    await saysWho(owner, "/account/identity/correct", passport(), true, run.in("换了护照", "A new passport"));
    await operator.open("/desk/identity");
    await waits("desk-identity-document");
    await operator.shows(run.in("换了护照", "A new passport"), section);
    await operator.press(`${section} a[href^="/desk/cases/"]`);
    never(!(await operator.takes("ol.said a[download]")).includes("PNG"), "the papers are not there");
    await operator.open("/desk/identity");
    await decide(operator, "refuse", note);
    never(await operator.has(section), "it waits still");
    await owner.open("/account/identity");
    await owner.says("identity-correction-refused", { note });
  });
  await run.act("identity: correction with papers, accepted", async () => {
    await saysWho(owner, "/account/identity/correct", passport(), true, run.in("又换了", "Once more"));
    await operator.open("/desk/identity");
    await waits("desk-identity-document");
    await decide(operator, "accept", note);
    await owner.open("/account/identity");
    await owner.says("identity-correction-done", { note });
  });
}

/// Somebody whom no code reaches asks to be let in: nobody decides for 48 hours, and it is refused.
export async function recoveries(run, facts) {
  const [agent, operator, owner] = [await run.as("hejing"), await run.as("operator"), await run.as("owner")];
  const contact = aNumber();
  const reason = run.in(`手机掉水里了 ${stamp}`, `The phone fell into the water ${stamp}`);
  const card = `main section:has(dd:text-is("${reason}"))`;
  const path = facts.customer.replace("customers", "recovery");
  await run.act("recovery: asked, and not decided before 48 hours", async () => {
    const stranger = await run.browserOf("stranger");
    await stranger.open("/recover");
    await stranger.fill({ "#of": owner.number, "#contact": contact, "#reason": reason });
    await stranger.press("main form button");
    const sent = await until("a code", () => messageTo(contact));
    await stranger.fill({ "#code": sent.parameters.code });
    await stranger.press('form[action="/recover/code"] button');
    await stranger.says("recover-asked");
    await until("the owner's message", () => messageTo(owner.number, (message) => /\/recover\/stop\//.test(message.text)));
    await agent.open("/desk/recovery");
    await agent.says("desk-recovery-due", {}, card);
    never((await agent.text(card)).includes(contact), "an agent reads the number in the clear");
    never(await agent.has(`${card} form`), "an agent may decide");
    await operator.open("/desk/recovery");
    await operator.shows(contact, card);
    never(await operator.has(`${card} button[value="complete"]`), "somebody can be let in before 48 hours");
    await operator.fill({ [`${card} textarea`]: run.in("核对过", "Checked") });
    await operator.page.locator(`${card} button`).evaluate((button) => (button.value = "complete"));
    await operator.press(`${card} form[action^="${path}/"] button`);
    await operator.says("desk-recovery-too-early");
  });
  await run.act("recovery: refused, and a stale page", async () => {
    const other = await run.another("operator");
    await other.open("/desk/recovery");
    await operator.open("/desk/recovery");
    for (const member of [operator, other]) {
      await member.fill({ [`${card} textarea`]: run.in("电话里说不清", "Could not say on the phone who they are") });
    }
    await operator.press(`${card} button[value="refuse"]`);
    never(await operator.has(card), "it waits still");
    await other.press(`${card} button[value="refuse"]`);
    never(await other.has(card), "it waits still for a colleague");
    await owner.open("/home");
  });
}

/// What customers write: published, refused, answered, reported and kept, or hidden.
export async function contributions(run, facts) {
  const [agent, owner, linfang] = [await run.as("hejing"), await run.as("owner"), await run.as("linfang")];
  const page = `${facts.line}/plans/esim-29@1`;
  const words = (what) => `${what} ${stamp} ${run.name}`;
  const card = (text) => `main section.opinion:has(p.opinion-text:text-is("${text}"))`;
  const asks = async (text) => {
    await owner.open(page);
    await owner.fill({ "#question": text });
    await owner.press('form[action$="/question"] button');
    await owner.says("choose-sent-waits", {}, "#sent");
  };
  const step = async (text, what) => {
    await agent.open("/desk/contributions");
    await agent.press(`${card(text)} button[value="${what}"]`);
  };
  const first = words(run.in("在国外能用吗？", "Does it work abroad?"));
  const other = words(run.in("客服叫什么名字？", "What are you called?"));
  await run.act("question published", async () => {
    await asks(first);
    await step(first, "publish");
    await linfang.open("/home");
    facts.phone = (await linfang.links("/lines/")).find((path) => /^\/lines\/[0-9a-f]+$/.test(path));
    await linfang.open(`${facts.phone}/plans/esim-29@1`);
    await linfang.shows(first);
  });
  await run.act("question refused, with a reason that its author reads", async () => {
    await asks(other);
    await step(other, "refuse");
    await agent.says("desk-contribution-reason-wrong", {}, '[role="alert"]');
    const reason = run.in("与套餐无关。", "Not about the plan.");
    await agent.fill({ [`${card(other)} input[name="reason"]`]: reason });
    await agent.press(`${card(other)} button[value="refuse"]`);
    await owner.open(page);
    await owner.says("choose-state-refused", { reason }, 'section[aria-labelledby="mine"]');
    await linfang.open(`${facts.phone}/plans/esim-29@1`);
    never((await linfang.text()).includes(other), "everybody reads what was refused");
  });
  await run.act("question answered by the staff, and a stale page", async () => {
    const senior = await run.as("senior");
    const answer = words(run.in("仅限中国内地。", "Mainland China only."));
    await senior.open("/desk/contributions");
    await agent.open("/desk/contributions");
    await agent.fill({ [`${card(first)} textarea`]: answer });
    await agent.press(`${card(first)} form[action$="/answer"] button`);
    await linfang.open(`${facts.phone}/plans/esim-29@1`);
    await linfang.shows(answer);
    await linfang.says("choose-by-staff");
    await senior.fill({ [`${card(first)} textarea`]: "…" });
    await senior.press(`${card(first)} form[action$="/answer"] button`);
    await senior.says("problem-stale-do", {}, '[role="alert"]');
  });
  const reports = async () => {
    await linfang.press(`article.opinion:has(strong:text-is("${first}")) > form[action$="/report"] button`);
    await linfang.says("choose-sent-report", {}, "#sent");
  };
  await run.act("question reported, and kept", async () => {
    await reports();
    await agent.open("/desk/contributions");
    await agent.says("desk-contribution-reported", {}, card(first));
    await agent.press(`${card(first)} button[value="keep"]`);
    await linfang.open(`${facts.phone}/plans/esim-29@1`);
    await linfang.shows(first);
  });
  await run.act("question hidden, with a reason", async () => {
    const third = words(run.in("卡多少钱？", "What is a card?"));
    await asks(third);
    await step(third, "publish");
    await agent.open("/desk/contributions");
    await agent.fill({ [`${card(third)} input[name="reason"]`]: run.in("重复了。", "Asked before.") });
    await agent.press(`${card(third)} button[value="hide"]`);
    await owner.open(page);
    await owner.says("choose-state-hidden", { reason: run.in("重复了。", "Asked before.") }, 'section[aria-labelledby="mine"]');
  });
  await run.act("review published", async () => {
    const review = words(run.in("信号很好。", "Good signal."));
    await linfang.open("/home");
    const lines = (await linfang.links("/lines/")).filter((path) => /^\/lines\/[0-9a-f]+$/.test(path));
    let plan = null;
    for (const line of lines) {
      plan = `${line}/plans/phone-39@1`;
      if ((await linfang.tries(plan)) === 200 && (await linfang.has("#stars"))) break;
    }
    await linfang.page.selectOption("#stars", "5");
    await linfang.fill({ "#review-text": review });
    await linfang.press('form[action$="/review"] button');
    await step(review, "publish");
    await linfang.open(plan);
    await linfang.shows(review, 'section[aria-labelledby="reviews"]');
  });
}
