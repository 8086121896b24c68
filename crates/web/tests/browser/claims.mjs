// Cards that nobody has registered yet become somebody's, as their owners meet it: a line is claimed by a code to its
// number, and by what stands on its card; what is wrong is refused without saying which; a card is lost, and another one
// goes on with its line. The demo has no such cards, so this check serves a brand of its own, with the program under
// EVERLINE, and is the outside world itself:
//
//   npm install && EVERLINE=target/debug/everline node claims.mjs http://localhost:7998 /tmp/screenshots
//
// It ends with 1 if anything was wrong.
import { spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf, elsewhere, inAllWays, looks, pathOf, registered, says, send, setOutside, told } from "./outside.mjs";
import { base, url } from "./round.mjs";

const program = process.env.EVERLINE;
const folder = mkdtempSync(join(tmpdir(), "everline-claims-"));
const pad = (n, length) => String(n).padStart(length, "0");
/// The cards: of each run one that is claimed by a code, one by its PUK, one by its registration code, and a blank one.
const card = (n) => ({
  iccid: `898611263000${pad(n, 8)}`,
  imsi: `46011${pad(8_000_000 + n, 10)}`,
  number: `1729${pad(n, 7)}`,
  puk: `7${pad(n * 37, 7)}`,
  code: `QHREG${pad(n, 5)}X`,
});
const BLANKS = 100;

/// What is outside: messages are kept and shown as the sandbox shows them, and the network knows no session.
async function outsideWorld() {
  const messages = [];
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://outside");
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const json = { "content-type": "application/json" };
      const answer = (status, body) => response.writeHead(status, json).end(JSON.stringify(body));
      if (pathname === "/sms") {
        messages.unshift(JSON.parse(Buffer.concat(chunks)));
        return answer(200, { accepted: true });
      }
      if (pathname !== "/control/sms/inbox") return answer(404, {});
      answer(200, { messages: messages.filter((message) => message.to === searchParams.get("to")) });
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}
function keeps(name, text) {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return name;
}
/// A brand with its keys, its plans and its cards.
async function aBrand(outside) {
  const { port } = new URL(base);
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  keeps("merchant.key", privateKey.export({ type: "pkcs8", format: "pem" }));
  keeps("gateway.pub", publicKey.export({ type: "spki", format: "pem" }));
  keeps("master.key", randomBytes(32).toString("hex"));
  keeps("token", randomBytes(16).toString("hex"));
  keeps("everline.toml", `public_url = "http://localhost:${port}"
languages = ["zh-CN", "en"]
listen = { address = "127.0.0.1:${port}", admin_address = "off" }
store = { sqlite = "store.sqlite" }
keys = { master_key = { file = "master.key" } }
sms = { url = "${outside}/sms", token = { file = "token" } }
built_in_network = { base_url = "${outside}/network", token = { file = "token" }, device_token = { file = "token" } }
[alipay]
gateway_url = "${outside}"
app_id = "1"
seller_id = "1"
merchant_key = { file = "merchant.key" }
gateway_key_file = "gateway.pub"
[brand]
name = { zh-CN = "青禾通信", en = "Qinghe Mobile" }
legal_name = { zh-CN = "青禾", en = "Qinghe" }
credit_code = "91310000MA1K000000"
time_zone = "Asia/Shanghai"
currency = "CNY"
calling_code = "86"
hotline = "400-800-1234"
hotline_hours = { zh-CN = "每天", en = "daily" }
terms_version = "1"
`);
  keeps("offerings.toml", `[[offering]]
code = "watch-month"
version = 1
sale = "published"
kind = "plan"
price = "9.90"
renewal_price = "9.90"
currency = "CNY"
families = ["watch"]
start = "immediate"
validity = { months = 1 }
used_up = "stop"
refund = "not_after_delivery"
[[offering.included]]
unit = "octets"
amount = 500000000
[offering.name]
en = "Watch monthly"
zh-CN = "手表畅联月包"
`);
  const numbered = Array.from({ length: 12 }, (_, n) => card(n));
  const blanks = Array.from({ length: 4 }, (_, n) => card(BLANKS + n));
  const rows = [...numbered.map((one) => [one, one.number]), ...blanks.map((one) => [one, ""])];
  keeps("sims.csv", ["iccid,imsi,msisdn,kind,puk1,registration_code"].concat(
    rows.map(([one, number]) => `${one.iccid},${one.imsi},${number},card,${one.puk},${one.code}`),
  ).join("\n"));
  const ends = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
  keeps("lines.csv", ["iccid,imsi,number,family,network,plan,plan_ends"].concat(
    numbered.map((one) => `${one.iccid},${one.imsi},${one.number},watch,built_in,watch-month@1,${ends}`),
  ).join("\n"));
  const config = ["--config", join(folder, "everline.toml")];
  const does = (...what) => {
    const { status, stdout, stderr } = spawnSync(program, what, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${what.join(" ")}: ${stdout}${stderr}`);
  };
  // Serving it once sets the brand up.
  const first = await serves(config);
  first.kill("SIGTERM");
  await once(first, "exit");
  for (const [what, file] of [["offerings", "offerings.toml"], ["sims", "sims.csv"], ["lines", "lines.csv"]]) {
    does("import", what, ...config, join(folder, file));
  }
  return config;
}
/// Serves it.
async function serves(config) {
  const server = spawn(program, ["serve", ...config], { stdio: ["ignore", "ignore", "inherit"] });
  process.on("exit", () => (server.kill("SIGKILL"), rmSync(folder, { recursive: true, force: true })));
  for (let tries = 0; tries < 300; tries += 1) {
    const ready = await fetch(url("/readyz")).then((answer) => answer.ok, () => false);
    if (ready) return server;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("it does not serve");
}

async function byCode(round, { number }) {
  const { page } = round;
  await round.open("/home");
  await page.click('a[href="/claim"]');
  await page.waitForURL(/\/claim$/);
  await page.fill("#number", number);
  await send(page, 'form[action="/claim/number"] button');
  const code = await codeOf(number);
  await page.fill("#code", code === "000000" ? "000001" : "000000");
  await send(page, "form:has(#code) button");
  await looks(round, "claim-code-wrong", "验证码不对", "That is not the code");
  await page.fill("#code", code);
  await send(page, "form:has(#code) button");
  await looks(round, "claimed-by-code", "该号码已归到您名下", "The line is yours now");
  await says(round, "claimed-by-code", /手表畅联月包/, /Watch monthly/);
  return pathOf(page);
}
async function fillsCard(round, form, iccid, secret) {
  const { page } = round;
  await page.fill(`${form} #iccid`, iccid);
  await page.fill(`${form} #secret`, secret);
  await send(page, `${form} button`);
}
/// By PUK or registration code; a wrong one and another card's are refused alike.
async function byCard(round, own, secret, other) {
  const { page } = round;
  const form = 'form[action="/claim/card"]';
  await round.open("/claim");
  for (const [iccid, wrong, zh, en] of [
    ["8986", secret, "这不是卡号", "This is not the number of a card"],
    [own.iccid, "", "请填写 PUK 码或注册码", "Please enter the PUK or the registration code"],
    [own.iccid, other.puk, "无法添加。请核对卡号和码", "No line can be added with this"],
    [own.iccid, other.code, "无法添加。请核对卡号和码", "No line can be added with this"],
  ]) {
    await fillsCard(round, form, iccid, wrong);
    await looks(round, "claim-card-wrong", zh, en);
  }
  await fillsCard(round, form, own.iccid.replaceAll(/(\d{4})(?=\d)/g, "$1 "), secret);
  await looks(round, "claimed-by-card", "该号码已归到您名下", "The line is yours now");
  return pathOf(page);
}
/// What has an owner is not claimed, whoever has its card.
async function isTaken(round, own) {
  await elsewhere(round, async (other) => {
    await registered(other);
    await other.open("/claim");
    await fillsCard(other, 'form[action="/claim/card"]', own.iccid, own.puk);
    await looks(other, "claim-owned", "该号码已有机主", "This line has an owner");
  });
  await round.open("/claim");
  await fillsCard(round, 'form[action="/claim/card"]', own.iccid, own.puk);
  await looks(round, "claim-yours", "该号码已在您的账户里", "This line is in your account already");
}
/// A card is lost; another one that is at hand goes on with its line, and the lost one works no more.
async function replaces(round, number, line, lost, blank) {
  const { page } = round;
  await round.open(`${line}/lost`);
  await send(page, 'form[action$="/lost"] button');
  await page.click(`a[href="${line}/found"]`);
  await page.waitForURL(/\/found$/);
  const form = 'form[action$="/card"]';
  for (const [iccid, secret] of [[blank.iccid, lost.puk], [lost.iccid, lost.puk]]) {
    await fillsCard(round, form, iccid, secret);
    await looks(round, "replace-wrong", "这张卡不能使用", "This card cannot be used");
  }
  await fillsCard(round, form, blank.iccid, blank.puk);
  await looks(round, "replaced", "新卡已启用，请把设备关机再开机", "The new card is in use. Switch the device off and on");
  await says(round, "replaced", "正常", "active");
  await told(round, number, /更换 SIM 卡|Sim of a line in your account was replaced/);
  await round.open("/account");
  await says(round, "replaced-account", "名下号码换了卡", "Sim of a line replaced");
  await elsewhere(round, async (other) => {
    await registered(other);
    await other.open("/claim");
    await fillsCard(other, 'form[action="/claim/card"]', lost.iccid, lost.puk);
    await looks(other, "claim-lost-card", "无法添加", "No line can be added with this");
  });
}

let run = 0;
async function aCard(round) {
  const [first, second, third] = [card(run * 3), card(run * 3 + 1), card(run * 3 + 2)];
  const blank = card(BLANKS + run);
  run += 1;
  const number = await registered(round);
  await says(round, "no-lines", "还没有号码", "No lines yet");
  await byCode(round, first);
  const line = await byCard(round, second, second.puk, third);
  await byCard(round, third, third.code.toLowerCase(), second);
  await isTaken(round, second);
  await replaces(round, number, line, second, blank);
}

if (program === undefined) throw new Error("EVERLINE names the program");
const outside = await outsideWorld();
setOutside(`${outside}/`);
await serves(await aBrand(outside));
await inAllWays("claims", aCard);
