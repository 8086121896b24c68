// What every browser check shares: a browser on a screen of 360 pixels with a profile of its own, and the checks of a page:
// no sideways scrolling, no axe violations (WCAG 2.2 AA), nothing in the console, nothing that the content security policy had
// to stop.
import { createRequire } from "node:module";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

export const [base, folder] = process.argv.slice(2);
if (!base || !folder) {
  console.error("usage: node SCRIPT <base URL> <folder for screenshots>");
  process.exit(2);
}
mkdirSync(folder, { recursive: true });
/// Whether somebody looks at the pictures. Without one, none are taken: they cost more than all checks.
export const keep = process.env.EVERLINE_PAGES !== undefined;
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/// The names of all texts, one a line: where one of them is read on a page, its words are missing.
const texts = new Set(readFileSync(new URL("keys.txt", import.meta.url), "utf8").split("\n").filter(Boolean));
export const faults = [];
export const count = { checked: 0 };

const flags = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export async function browse({ more = [], ...options }, visit) {
  const profile = mkdtempSync(join(tmpdir(), "everline-pages-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [...flags, ...more],
    viewport: { width: 360, height: 740 },
    deviceScaleFactor: 2,
    ...options,
  });
  try {
    const page = context.pages()[0] ?? (await context.newPage());
    await visit(page, context);
  } finally {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

export const url = (path) => new URL(path, base).href;

export class Round {
  constructor(page, name, { wide = false } = {}) {
    this.page = page;
    /// Whether pages are looked at on a wide screen too.
    this.wide = wide;
    this.name = name;
    this.said = [];
    page.on("console", (message) => {
      // The browser itself reports answers of 4xx; those pages are meant to be seen.
      if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) this.said.push(message.text());
    });
    page.on("pageerror", (error) => this.said.push(String(error)));
    /// What the page that is open was answered with, if it was asked for by GET.
    this.status = 200;
    page.on("response", (answer) => {
      const request = answer.request();
      const opens = request.isNavigationRequest() && request.frame() === page.mainFrame();
      if (opens) this.status = request.method() === "GET" ? answer.status() : 200;
    });
  }
  fault(what) {
    faults.push(`${this.name} ${what}`);
  }
  async open(path) {
    await this.page.goto(url(path));
  }
  /// Checks the page that is open, and leaves its picture. A page that is not there is a fault, unless it is wanted so.
  async check(what, refused = false) {
    const { page } = this;
    count.checked += 1;
    if (refused !== this.status >= 400) this.fault(`${what}: answered with ${this.status}`);
    const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (width > 0) this.fault(`${what}: ${width} pixels too wide`);
    await this.axe(what);
    const said = await page.evaluate(() => document.body.innerText.match(/[a-z][a-z0-9]*(-[a-z0-9]+)+/g) ?? []);
    const keys = said.filter((word) => texts.has(word));
    if (keys.length > 0 && !what.startsWith("api")) this.fault(`${what}: texts without words: ${keys.join(", ")}`);
    for (const text of this.said.splice(0)) this.fault(`${what}: console: ${text}`);
    await this.picture(what);
    if (this.wide) await this.onADesk(what);
  }
  /// What axe finds on the page as it is shown now.
  async axe(what) {
    const { page } = this;
    await page.evaluate(axe);
    const result = await page.evaluate(() =>
      window.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        rules: { "target-size": { enabled: true } },
      }),
    );
    for (const violation of result.violations) {
      const nodes = violation.nodes.slice(0, 3).map((node) => node.target.join(" ")).join(", ");
      this.fault(`${what}: axe ${violation.id}: ${violation.help} (${nodes})`);
    }
  }
  /// The same page on a wide screen.
  async onADesk(what) {
    const { page } = this;
    const narrow = page.viewportSize();
    await page.setViewportSize({ width: 1280, height: 800 });
    const width = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (width > 0) this.fault(`${what}: ${width} pixels too wide at 1280`);
    // On both screens where every pair of language and colours is looked at.
    if (process.env.ONLY === "all") await this.axe(`${what} at 1280`);
    await this.picture(what, ".1280");
    await page.setViewportSize(narrow);
  }
  async picture(what, size = "") {
    if (keep) await this.page.screenshot({ path: join(folder, `${what}.${this.name}${size}.png`), fullPage: true });
  }
  async links(prefix) {
    const all = await this.page.$$eval("a[href]", (links) => links.map((link) => link.getAttribute("href")));
    return [...new Set(all.filter((href) => href.startsWith(prefix)).map((href) => href.split("?")[0]))];
  }
  async enter(key) {
    await this.open("/");
    if ((await this.page.$('form[action="/sign-out"]')) !== null) {
      await this.page.click('form[action="/sign-out"] button');
    }
    await this.open("/");
    await this.page.click(`form[action="/demo/enter/${key}"] button`);
  }
}
