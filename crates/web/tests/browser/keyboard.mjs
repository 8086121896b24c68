// The portal and the desk by keyboard alone. On each page the Tab key reaches everything that can be used, in the order of the
// page, marks where it is, and leaves again at the end; and whole journeys are made without a pointer: a renewal, and what staff
// do with a line, a case, the stock and the catalog.
import { Round, browse, count, faults } from "./round.mjs";

const USABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";

/// Numbers everything that can be used, in the order of the page; of buttons that belong together the keyboard has one stop.
function number(selector) {
  let next = 0;
  const groups = new Map();
  for (const element of document.querySelectorAll(selector)) {
    if (element.disabled || !element.checkVisibility({ checkVisibilityCSS: true })) continue;
    if (element.type === "radio") {
      const name = `${element.form?.action} ${element.name}`;
      if (!groups.has(name)) groups.set(name, next++);
      element.dataset.stop = groups.get(name);
    } else element.dataset.stop = next++;
  }
  return next;
}

/// Where the keyboard is: the number of it, what it is, and whether a person can see that.
function here() {
  const element = document.activeElement;
  if (element === null || element === document.body || element === document.documentElement) return null;
  const marked = (node) => {
    const style = node && getComputedStyle(node);
    return style && ((style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none");
  };
  // What is drawn for an input may be its label.
  const label = element.labels?.[0] ?? element.closest("label");
  const box = element.getBoundingClientRect();
  const what = `${element.tagName.toLowerCase()} ${element.id || element.name || element.textContent.trim().slice(0, 30)}`;
  const inView = box.bottom > 0 && box.top < window.innerHeight && box.width > 0;
  const parts = ["date", "time"].includes(element.type);
  return { stop: element.dataset.stop, what, parts, marked: marked(element) || marked(label) || marked(label?.nextElementSibling), inView };
}

class Keys {
  constructor(round) {
    this.round = round;
    this.page = round.page;
    /// Where the keyboard was, of all pages.
    this.stops = 0;
  }
  async press(key, times = 1) {
    for (let n = 0; n < times; n += 1) await this.page.keyboard.press(key);
  }
  /// Goes through a page by Tab alone.
  async walk(what) {
    count.checked += 1;
    const { page, round } = this;
    await page.evaluate(() => document.activeElement?.blur());
    const stops = await page.evaluate(number, USABLE);
    const reached = [];
    for (let press = 0; press < 2 * stops + 20; press += 1) {
      await this.press("Tab");
      const at = await page.evaluate(here);
      if (at === null || at.stop === reached[0]) break;
      // A date or time has parts, whose last the browser marks itself.
      if (at.stop === reached.at(-1) && at.parts) continue;
      if (at.stop === undefined) round.fault(`${what}: the keyboard stops at ${at.what}, which is nothing to use`);
      if (!at.marked) round.fault(`${what}: nothing shows that the keyboard is at ${at.what}`);
      if (!at.inView) round.fault(`${what}: ${at.what} is out of sight when the keyboard is there`);
      if (reached.includes(at.stop)) {
        round.fault(`${what}: the keyboard goes in circles at ${at.what}`);
        break;
      }
      reached.push(at.stop);
    }
    this.stops += reached.length;
    const numbers = reached.map(Number);
    if (numbers.some((stop, place) => place > 0 && stop < numbers[place - 1])) round.fault(`${what}: not in the page's order`);
    if (reached.length !== stops) {
      const missed = await page.evaluate(
        ([stops, reached]) => [...Array(stops).keys()].filter((stop) => !reached.includes(String(stop)))
          .map((stop) => document.querySelector(`[data-stop="${stop}"]`).outerHTML.slice(0, 80)),
        [stops, reached],
      );
      round.fault(`${what}: out of the keyboard's reach: ${missed.slice(0, 3).join(", ")}`);
    }
  }
  /// Presses Tab until the keyboard is at something.
  async reach(selector) {
    for (let press = 0; press < 300; press += 1) {
      await this.press("Tab");
      if (await this.page.evaluate((selector) => document.activeElement.matches(selector), selector)) return;
    }
    throw new Error(`${this.round.name}: the keyboard does not reach ${selector} of ${this.page.url()}`);
  }
  /// Reaches a link or button and uses it; the page that follows is there.
  async use(selector, to) {
    await this.reach(selector);
    const leads = this.page.waitForURL(to, { waitUntil: "load" });
    await this.press("Enter");
    await leads;
  }
  /// Reaches a field and writes in it.
  async write(selector, text) {
    await this.reach(selector);
    await this.press("Control+a");
    await this.page.keyboard.type(text);
  }
  async open(selector) {
    await this.reach(selector);
    await this.press("Enter");
  }
  /// Sends a form; whatever page answers is there.
  async send(selector) {
    await this.reach(selector);
    await this.page.evaluate(() => (window.before = true));
    await this.press("Enter");
    await this.page.waitForFunction(() => window.before === undefined && document.readyState === "complete");
  }
}

const at = (pattern) => (url) => pattern.test(url.pathname);

async function renews(keys) {
  const { round, page } = keys;
  await round.open("/");
  await keys.walk("landing");
  await round.open("/");
  await keys.use('form[action="/demo/enter/linfang"] button', at(/^\/home/));
  await keys.walk("home");
  await keys.use('a.button[href$="/renew"]', at(/\/renew$/));
  await keys.walk("renew");
  // Another method by the arrow keys, the terms by the space bar.
  await round.open(page.url());
  await keys.reach('input[name="method"]');
  for (let press = 0; press < 12; press += 1) {
    if (await page.evaluate(() => document.activeElement.value === "alipay_qr")) break;
    await keys.press("ArrowDown");
  }
  await keys.reach('input[name="terms"]');
  await keys.press("Space");
  await keys.use("button.pay", at(/^\/orders\//));
  if (!(await page.isVisible("figure.qr svg"))) round.fault("a renewal by keyboard has no QR code");
  await keys.walk("order");
  for (const path of ["/account", "/history", "/help", "/cases/new?from=help", "/esim", "/voucher"]) {
    await round.open(path);
    await keys.walk(path);
  }
}

async function agent(keys) {
  const { round, page } = keys;
  await round.open("/");
  if ((await page.$('form[action="/sign-out"]')) !== null) await page.click('form[action="/sign-out"] button');
  await round.open("/");
  await keys.use('form[action="/demo/enter/hejing"] button', at(/^\/desk/));
  await keys.walk("desk");
  await round.open("/desk");
  // The box is on the first page.
  await keys.write("#q", "1380");
  await keys.press("Enter");
  await page.waitForSelector('main a[href*="?line="]');
  await keys.walk("find");
  await round.open("/desk/find");
  await keys.write("#q", "1380");
  await keys.press("Enter");
  await page.waitForSelector('main a[href*="?line="]');
  await keys.use('main a[href*="?line="]', at(/^\/desk\/customers\//));
  await keys.walk("line");
  // What is folded opens by keyboard, and what is in it is reached.
  await round.open(page.url());
  await keys.open("section[aria-labelledby=hand] summary");
  await keys.send('form[action$="/command"] button');
  if ((await page.$("[role=alert]")) === null) round.fault("a command without a reason is not refused by keyboard");
  const customer = new URL(page.url()).pathname.match(/^\/desk\/customers\/[0-9a-f]+/)[0];
  await round.open(customer);
  await keys.open("section[aria-labelledby=credit] summary");
  await keys.write("#goodwill-amount", "0.50");
  await keys.write("#goodwill-reason", "断网半天");
  await keys.send('form[action$="/credit/goodwill"] button');
  if ((await page.$("[role=alert]")) !== null) round.fault("goodwill by keyboard is refused");
  await keys.walk("customer");
  await round.open(`${customer}/case`);
  await keys.write("#subject", "没有信号");
  await keys.write("#text", "手表没有信号");
  await keys.reach("main form button");
  const opened = page.waitForURL(at(/\/cases\//), { waitUntil: "load" });
  await keys.press("Enter");
  await opened;
  await keys.walk("case");
  await round.open(page.url());
  await keys.write("#text", "请重启手表。");
  await keys.send('button[value="answer"]');
  if (!(await page.innerText("main")).includes("请重启手表。")) round.fault("an answer by keyboard is not there");
  const orders = await openLinks(round, "/desk", "/desk/orders/");
  for (const path of ["/desk/cases", "/desk/contributions", "/desk/recovery", ...orders.slice(0, 1)]) {
    await round.open(path);
    await keys.walk(path.replace(/[0-9A-F]{8,}.*/, "…"));
  }
}

async function openLinks(round, path, prefix) {
  await round.open(path);
  return round.links(prefix);
}

async function operator(keys) {
  const { round, page } = keys;
  await round.open("/");
  await page.click('form[action="/sign-out"] button');
  await round.open("/");
  if ((await page.$('form[action="/demo/enter/operator"]')) === null) return;
  await keys.use('form[action="/demo/enter/operator"] button', at(/^\/desk/));
  for (const path of [
    "/desk", "/desk/catalog", "/desk/catalog/new", "/desk/catalog/router-100g@2", "/desk/stock", "/desk/stock/holds",
    "/desk/money", "/desk/figures?days=30", "/desk/operations", "/desk/operations/messages", "/desk/staff", "/desk/audit",
    "/desk/prepared", "/desk/prepared/new", "/desk/me", "/desk/reconciliation", "/desk/identity", "/desk/recovery",
    "/desk/closings",
  ]) {
    await round.open(path);
    // What is folded is walked open.
    await page.$$eval("main details", (all) => all.forEach((one) => (one.open = true)));
    await keys.walk(path);
  }
  await round.open("/desk/stock");
  await keys.reach("#kind");
  await keys.press("ArrowDown");
  await keys.write("#least", "3");
  await keys.send('form[aria-labelledby="another"] button');
  if (!(await page.innerText("main")).match(/3/)) round.fault("a threshold by keyboard is not set");
  await round.open("/desk/catalog/router-100g@2/try");
  await keys.send("main form button");
  await keys.walk("/desk/catalog/…/try");
}

const started = Date.now();
for (const locale of ["zh-CN", "en"]) {
  await browse({ locale, colorScheme: "light", viewport: { width: 1280, height: 800 } }, async (page) => {
    const keys = new Keys(new Round(page, `${locale}.keyboard`));
    try {
      await renews(keys);
      await agent(keys);
      await operator(keys);
    } catch (error) {
      // What was found so far is told all the same.
      faults.push(`${locale}: ${error}`);
    }
    console.log(`${locale}: ${keys.stops} places`);
  });
}
for (const fault of faults) console.log(`FAULT ${fault}`);
console.log(`${count.checked} pages by keyboard, ${faults.length} faults, ${((Date.now() - started) / 1000).toFixed(0)} s`);
process.exit(faults.length > 0 ? 1 : 0);
