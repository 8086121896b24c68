// What operators do about the staff, and what every member does about their own sign-in; what the log keeps of it, and the
// files that are taken away.
import { never, shownNow, stamp } from "./desk_actions_shared.mjs";

const PASSWORD = "four words nobody knows";

/// A member whom the operator invited sets a password and a code generator; their recovery codes.
export async function setsUp(person, link) {
  await person.open(new URL(link).pathname);
  await person.fill({ "#password": PASSWORD, "#again": PASSWORD });
  await person.press("main form button");
  await person.fill({ "#code": shownNow(await person.page.textContent("dd.code")) });
  await person.press("main form button");
  const codes = await person.page.$$eval("li.code", (all) => all.map((one) => one.textContent.trim()));
  never(codes.length === 0, `no recovery codes: ${await person.begins()}`);
  await person.press("main a.button");
  return codes;
}
/// Somebody is invited; the link that is told once.
export async function invites(operator, login, name, role) {
  await operator.open("/desk/staff");
  const form = 'form[action="/desk/staff"]';
  await operator.fill({ [`${form} input[name="login"]`]: login, [`${form} input[name="name"]`]: name });
  await operator.page.selectOption(`${form} select[name="role"]`, role);
  await operator.press(`${form} button`);
  return (await operator.text('[role="status"]')).match(/https?:\/\/\S+\/desk\/set-up\/\w+/)[0];
}

/// The colleagues of the demo's two members: each keeps the browser's session that setting up began.
export async function team(run) {
  const operator = await run.as("operator");
  const all = [
    ["senior", "senior_agent", "苏敏"], ["finance", "finance", "方宁"], ["finance2", "finance", "郭岚"],
    ["catalog", "catalog", "陶然"], ["auditor", "auditor", "沈平"],
  ];
  run.team.names = { hejing: "何静", operator: "周航" };
  // How what they do is signed: the demo's own two by their names.
  run.team.signed = { ...run.team.names };
  for (const [who, role, name] of all) {
    const login = `${who}.${stamp}`;
    const link = await invites(operator, login, name, role);
    const person = await run.browserOf(who);
    await setsUp(person, link);
    run.team.set(who, await person.page.context().storageState());
    run.team.names[who] = name;
    run.team.signed[who] = login;
  }
}

async function enters(person, login, code) {
  await person.open("/desk/sign-in");
  await person.fill({ "#login": login, "#password": PASSWORD });
  await person.press("main form button");
  if (code === null) return;
  await person.fill({ "#code": code });
  await person.press('form[action="/desk/sign-in/second"] button');
}

/// A new member: invited, given another role, and let in no more; and what they can do each time.
export async function members(run) {
  const operator = await run.as("operator");
  const login = `temp.${stamp}.${run.name.toLowerCase()}`;
  const card = `main section:has(input[name="login"][value="${login}"])`;
  const change = (what) => operator.press(`${card} button[value="${what}"]`);
  let [member, codes] = [null, []];
  await run.act("member invited, and set up", async () => {
    const link = await invites(operator, login, "王敏", "agent");
    await operator.open("/desk/staff");
    await operator.says("desk-staff-invited", {}, card);
    member = await run.browserOf("temp");
    codes = await setsUp(member, link);
    await member.says("staff-role-agent");
    never((await member.tries(new URL(link).pathname)) < 400, "the link works twice");
    await operator.open("/desk/staff");
    await operator.says("desk-staff-active", {}, card);
  });
  await ownSignIn(run, member, login, codes);
  await run.act("member's role changed, and what they may do then", async () => {
    never((await member.tries("/desk/audit")) !== 403, "an agent reads the log");
    await member.open("/desk/cases");
    await operator.open("/desk/staff");
    await operator.page.selectOption(`${card} select[name="role"]`, "auditor");
    await change("role");
    never((await operator.page.inputValue(`${card} select[name="role"]`)) !== "auditor", "the role is the former");
    if ((await member.tries("/desk/audit")) === 401 || /sign-in/.test(member.page.url())) {
      await enters(member, login, codes.pop());
      await member.open("/desk/audit");
    }
    await member.says("desk-audit-title");
    await member.open("/desk");
    await member.says("staff-role-auditor");
    never((await member.tries("/desk/recovery")) !== 403, "an auditor sees who asks to be let in");
  });
  await run.act("member's second factor taken away, and set anew", async () => {
    await operator.open("/desk/staff");
    await change("reset");
    await member.tries("/desk");
    never(!/\/desk\/sign-in/.test(member.page.url()), `the session goes on at ${member.page.url()}`);
    await enters(member, login, null);
    await member.says("desk-generator-lead");
    await member.fill({ "#code": shownNow(await member.page.textContent("dd.code")) });
    await member.press("main form button");
    await member.says("desk-codes-lead");
  });
  await run.act("member gets a new link, and another password", async () => {
    await operator.open("/desk/staff");
    await change("link");
    const link = (await operator.text('[role="status"]')).match(/https?:\/\/\S+\/desk\/set-up\/\w+/)[0];
    const other = await run.browserOf("temp with a new link");
    await other.open(new URL(link).pathname);
    await other.fill({ "#password": `${PASSWORD} anew`, "#again": `${PASSWORD} anew` });
    await other.press("main form button");
    await other.says("desk-second-lead");
  });
  await run.act("member let in no more", async () => {
    await operator.open("/desk/staff");
    await change("disable");
    await operator.says("desk-staff-disabled", {}, card);
    await member.tries("/desk");
    never(!/\/desk\/sign-in/.test(member.page.url()), `a member who is let in no more opens ${member.page.url()}`);
    await member.fill({ "#login": login, "#password": `${PASSWORD} anew` });
    await member.press("main form button");
    await member.says("desk-sign-in-wrong", {}, '[role="alert"]');
  });
  await run.act("operators change nothing of their own", async () => {
    await operator.open("/desk/staff");
    const own = `main section:has(a[href="/desk/me"])`;
    never(await operator.has(`${own} form`), "there is something to change");
  });
}

/// What a member does about their own sign-in.
async function ownSignIn(run, member, login, codes) {
  await run.act("own sign-in: another browser signed out", async () => {
    const other = await run.browserOf("temp elsewhere");
    await enters(other, login, codes.pop());
    await other.open("/desk/me");
    await member.open("/desk/me");
    await member.says("desk-event-in-by-recovery-code");
    await member.press('form[action$="/end"] button');
    await other.tries("/desk");
    never(!/\/desk\/sign-in/.test(other.page.url()), "the other browser is signed in still");
  });
  await run.act("own sign-in: signed out everywhere else", async () => {
    const other = await run.browserOf("temp elsewhere");
    await enters(other, login, codes.pop());
    await member.open("/desk/me");
    await member.press('form[action="/desk/me/sessions/end-others"] button');
    never(await member.has('form[action$="/end"]'), "another browser is there still");
    await other.tries("/desk");
    never(!/\/desk\/sign-in/.test(other.page.url()), "the other browser is signed in still");
    await member.open("/desk");
  });
  await run.act("own sign-in: new recovery codes", async () => {
    await member.open("/desk/me");
    await member.press('form[action="/desk/me/codes"] button');
    await member.says("desk-codes-lead");
    const now = await member.page.$$eval("li.code", (all) => all.map((one) => one.textContent.trim()));
    never(now.length === 0 || now.some((code) => codes.includes(code)), "the codes are not new");
    codes.splice(0, codes.length, ...now);
    await member.open("/desk/me");
    await member.says("desk-me-codes-left", { count: now.length });
  });
  await run.act("own sign-in: another code generator", async () => {
    await member.open("/desk/me");
    await member.press('form[action="/desk/me/generator/new"] button');
    await member.fill({ "#code": shownNow(await member.page.textContent("dd.code")) });
    await member.press('form[action="/desk/me/generator"] button');
    await member.says("desk-codes-lead");
    const now = await member.page.$$eval("li.code", (all) => all.map((one) => one.textContent.trim()));
    codes.splice(0, codes.length, ...now);
    await member.open("/desk/me");
    await member.says("desk-event-generator-set");
  });
  if (!run.scripts) return;
  await run.act("own sign-in: passkey added, used and removed", async () => {
    const devtools = await member.page.context().newCDPSession(member.page);
    await devtools.send("WebAuthn.enable");
    await devtools.send("WebAuthn.addVirtualAuthenticator", {
      options: {
        protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await member.open("/desk/me");
    await member.press('form[data-passkey="create"] button');
    await member.page.waitForSelector('form[action$="/remove"]');
    await member.press('header form[action="/sign-out"] button');
    await enters(member, login, null);
    await member.press('form[data-passkey="get"] button');
    await member.open("/desk/me");
    await member.says("desk-event-in-by-passkey");
    await member.press('form[action$="/remove"] button');
    never(await member.has('form[action$="/remove"]'), "the passkey is there still");
    await devtools.detach();
  });
}

/// The newest entry of the log about an act, and who did it.
export async function logged(run, acts) {
  const auditor = await run.as("auditor");
  // The word of an act, by the key of its name.
  const word = (act) =>
    auditor.page.$$eval("#action option", (all, act) => all.map((one) => one.value).find((word) =>
      word !== "" && word.replace(/[._]/g, "-") === act), act.replace(/^act-/, ""));
  for (const [act, who] of acts) {
    await run.act(`log: ${act}, by whom`, async () => {
      await auditor.open("/desk/audit");
      await auditor.page.selectOption("#action", await word(act));
      await auditor.press('form[action="/desk/audit"] button');
      const [first] = await auditor.page.locator("main ul.rows li strong").allInnerTexts();
      const said = new RegExp(`^\\d+ · (.+) · ${run.words.source(run.words.get(act))}$`).exec(first ?? "");
      never(said === null || said[1] !== run.team.names[who], `it says “${first}” instead of ${run.team.names[who]}`);
    });
  }
  await run.act("log: the last act of all, and who did it", async () => {
    const operator = await run.as("operator");
    await operator.open("/desk/operations");
    await operator.press('form[action="/desk/operations/test"]:has(input[value="wechat"]) button');
    await auditor.open("/desk/audit");
    const [first] = await auditor.page.locator("main ul.rows li strong").allInnerTexts();
    if (!first.includes(run.team.names.operator) || !first.includes(run.words.get("act-provider-tested"))) {
      throw new Error(`the last is “${first}”`);
    }
  });
}

/// Files for spreadsheets: each has its head, its rows, and what the page says.
export async function files(run) {
  const [finance, auditor] = [await run.as("finance"), await run.as("auditor")];
  const rows = (text) => text.replace(/^\ufeff/, "").trimEnd().split(/\r?\n/);
  await run.act("file: close of a day", async () => {
    await finance.open("/desk/money");
    const href = "/desk/money/days/open";
    await finance.open(href);
    const accounts = await finance.page.locator('div[aria-labelledby="accounts"] tbody tr').count();
    const all = rows(await finance.takes('main a[href$="/close.csv"]'));
    never(!all[0].includes(run.words.get("money-closing")), `its head is ${all[0]}`);
    const named = all.filter((row) => row.split(",")[1] === "account").length;
    never(named !== accounts || accounts === 0, `the page has ${accounts} accounts, the file ${named}`);
    await finance.open(href);
    const behind = await finance.page.getAttribute('main a[href*="/transfers"]', "href");
    await finance.open(behind);
    never((await finance.page.locator("main ul.rows li").count()) === 0, "nothing stands behind a sum");
  });
  await run.act("file: figures", async () => {
    await finance.open("/desk/figures?days=7");
    const all = rows(await finance.takes('main a[href*="table=days"]'));
    never(all.length !== 8, `seven days have ${all.length} lines: ${all[0]}`);
    await finance.open("/desk/figures?days=7");
    const methods = await finance.page.$('main a[href*="table=methods"]');
    never(methods !== null && rows(await finance.takes('main a[href*="table=methods"]')).length < 2, "no method is counted");
  });
  await run.act("file: log, for a spreadsheet and whole", async () => {
    await auditor.open("/desk/audit");
    const csv = rows(await auditor.takes('main a[href="/desk/audit.csv"]'));
    never(!csv[0].startsWith("seq,at,actor"), `its head is ${csv[0]}`);
    await auditor.open("/desk/audit");
    const lines = rows(await auditor.takes('main a[href="/desk/audit.jsonl"]')).map((line) => JSON.parse(line));
    const seqs = lines.map((line) => line.seq);
    never(seqs.some((seq, at) => at > 0 && seq !== seqs[at - 1] + 1), "an entry is missing");
    never(lines.length < csv.length - 1, `${lines.length} lines and ${csv.length - 1} rows`);
    await auditor.open("/desk/audit");
    await auditor.page.selectOption("#action", { label: run.words.get("act-audit-exported") });
    await auditor.press('form[action="/desk/audit"] button');
    await auditor.shows(run.team.names.auditor, "main ul.rows li:first-child");
  });
  await run.act("an auditor changes nothing", async () => {
    for (const path of ["/desk/stock", "/desk/catalog/watch-month@1", "/desk/operations"]) {
      await auditor.open(path);
      never((await auditor.page.locator('main form[method="post"]').count()) > 0, `${path} has something to send`);
    }
    for (const path of ["/desk/staff", "/desk/identity", "/desk/closings", "/desk/prepared"]) {
      never((await auditor.tries(path)) !== 403, `${path} is answered with ${auditor.status}`);
      await auditor.says("problem-not-allowed");
    }
  });
}
