// Lighthouse over the pages that people begin with, on a simulated phone: accessibility and performance of at least 0.95 on
// each. Performance is the median of three runs: it is computed from a simulated slow phone and network, and still moves with
// what else the machine does.
//
//   npm install && npm install --no-save lighthouse && node lighthouse.mjs http://localhost:7999 /tmp/reports
import { createServer } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import lighthouse from "lighthouse";
import { Round, browse, faults, folder, url } from "./round.mjs";

const LEAST = 0.95;
const RUNS = 3;

const freePort = () =>
  new Promise((found) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

const port = await freePort();
await browse({ locale: "zh-CN", more: [`--remote-debugging-port=${port}`] }, async (page) => {
  const round = new Round(page, "lighthouse");
  const pages = ["/", "/sign-in", "/renew", "/help"];
  await round.enter("linfang");
  const line = (await round.links("/lines/")).find((path) => /^\/lines\/[0-9a-f]+$/.test(path));
  const signedIn = ["/home", line, `${line}/renew`, `${line}/plans`, "/account"];
  const judge = async (path) => {
    const scores = [];
    for (let run = 0; run < RUNS; run += 1) {
      const options = { port, output: "json", logLevel: "error", disableStorageReset: true };
      const settings = { onlyCategories: ["performance", "accessibility"], disableStorageReset: true };
      const { lhr } = await lighthouse(url(path), options, { extends: "lighthouse:default", settings });
      scores.push({ speed: lhr.categories.performance.score, access: lhr.categories.accessibility.score });
      if (run === 0) writeFileSync(join(folder, `lighthouse${path.replaceAll("/", ".")}.json`), JSON.stringify(lhr));
    }
    const [speed, access] = [median(scores.map((s) => s.speed)), Math.min(...scores.map((s) => s.access))];
    console.log(`${path}: performance ${speed}, accessibility ${access}`);
    if (speed < LEAST) faults.push(`${path}: performance ${speed}`);
    if (access < LEAST) faults.push(`${path}: accessibility ${access}`);
  };
  for (const path of signedIn) await judge(path);
  await round.open("/account");
  await page.click('form[action="/sign-out"] button');
  for (const path of pages) await judge(path);
});
for (const fault of faults) console.log(`FAULT ${fault}`);
process.exit(faults.length > 0 ? 1 : 0);
