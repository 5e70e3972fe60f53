// Opens a page as a reader does, and fails with a sentence when something is not as it should be.
//
//   node look.mjs report.html charges.csv [folder for pictures]
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [page, charges, pictures] = process.argv.slice(2).map((name) => path.resolve(name));
const axe = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const problems = [];
const expect = (holds, what) => { if (!holds) problems.push(what); };

// The charge lines, read by no code of the page. Amounts become whole minor units.
const records = [];
{
  const text = fs.readFileSync(charges, "utf8");
  let record = [""], quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (quoted) {
      if (sign !== '"') record[record.length - 1] += sign;
      else if (text[at + 1] === '"') { record[record.length - 1] += sign; at += 1; } else quoted = false;
    } else if (sign === '"') quoted = true;
    else if (sign === ",") record.push("");
    else if (sign === "\n") { records.push(record); record = [""]; } else record[record.length - 1] += sign;
  }
}
const headings = records.shift();
const column = (name) => headings.indexOf(name);
const minor = (text) => Number(text.replace(".", ""));
const sums = new Map();
let total = 0;
for (const record of records) {
  const amount = minor(record[column("amount")]);
  // A ' before a text keeps spreadsheets from running it.
  const unit = record[column("kind")] === "unallocated" ? "(unallocated)" : record[column("business_unit")].replace(/^'(?=[=+@\t\r-])/, "");
  sums.set(unit, (sums.get(unit) || 0) + amount);
  total += amount;
}
const shown = (text) => minor(text.replace(/[,\s]/g, "").replace("\u2212", "-"));

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
});
const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, offline: true });
const tab = await context.newPage();
tab.on("console", (message) => { if (["error", "warning"].includes(message.type())) problems.push(`the console says: ${message.text()}`); });
tab.on("pageerror", (error) => problems.push(`the script fails: ${error.message}`));
tab.on("request", (request) => { if (request.url() !== `file://${page}`) problems.push(`the page asks for ${request.url().slice(0, 100)}`); });
const began = performance.now();
await tab.goto(`file://${page}`);
await tab.waitForSelector("#places tfoot td");
const loaded = performance.now() - began;

// A day is never cut at the end of a line, however narrow its card.
for (const width of [360, 1280]) {
  await tab.setViewportSize({ width, height: 900 });
  const lines = await tab.$$eval("#cards .day", (all) => all.map((one) => one.getClientRects().length));
  expect(lines.length === 2 && lines.every((count) => count === 1), `the days of the period stand on ${lines} lines at a width of ${width}`);
}

// The picture: every column of bars and every step of ribbons adds up to the charge lines.
const amounts = (selector) => tab.$$eval(selector, (all) => all.map((one) => Number(one.dataset.amount)));
const add = (list) => list.reduce((a, b) => a + b, 0);
for (const at of [0, 1, 2]) expect(add(await amounts(`#flow .node[data-column="${at}"]`)) === total, `column ${at} of the flow does not add up to the charge lines`);
for (const at of [0, 1]) expect(add(await amounts(`#flow .link[data-step="${at}"]`)) === total, `step ${at} of the flow does not add up to the charge lines`);

// The table of business units is the charge lines by business unit.
const rows = await tab.$$eval("#units tbody tr", (all) => all.map((row) => [row.firstElementChild.textContent, row.lastElementChild.textContent]));
for (const [unit, amount] of rows) expect(shown(amount) === (sums.get(unit.startsWith("(no ") ? "" : unit) || 0), `${unit}: ${amount} is not what the charge lines say`);
expect(await tab.$("#units .filter button") || rows.length >= Math.min(sums.size, 25), "a business unit is missing");

// Follow a bar, by mouse and by keyboard.
const wait = () => tab.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const clickTimes = [];
const timed = async (act) => { const start = performance.now(); await act(); await wait(); clickTimes.push(performance.now() - start); };
await timed(() => tab.evaluate(() => document.querySelector('#flow .node[data-column="1"]').dispatchEvent(new MouseEvent("click", { bubbles: true }))));
const pressed = await tab.$eval('#flow .node[aria-pressed="true"]', (node) => Number(node.dataset.amount));
for (const at of [0, 1]) expect(add(await amounts(`#flow .part[data-step="${at}"]`)) === pressed, `step ${at} of the followed bar does not add up to it`);
if (pictures) await tab.screenshot({ path: path.join(pictures, "followed.png") });
await tab.keyboard.press("Escape");
expect(!(await tab.$('#flow .node[aria-pressed="true"]')), "Escape does not end following a bar");
await tab.keyboard.press("Enter");
expect(await tab.$('#flow .node[aria-pressed="true"]'), "Enter does not follow a bar");
await tab.keyboard.press("Escape");
if (pictures) await tab.screenshot({ path: path.join(pictures, "page.png"), fullPage: true });

// Any figure explains itself: its parts add up to it.
const places = await tab.$$("#places .figure");
for (const at of [0, 1, Math.floor(places.length / 2), places.length - 1]) {
  const figure = shown(await places[at].textContent());
  await timed(() => places[at].evaluate((button) => button.click()));
  expect(await tab.$("#explanation[open]"), "a click on a figure opens no explanation");
  const parts = await tab.$$eval("#e-body h3", (all) => {
    const heading = all.find((one) => one.textContent === "Where it began");
    return heading ? [...heading.nextElementSibling.querySelectorAll("tr")].map((row) => row.children[1].textContent) : [];
  });
  if (parts.length) expect(add(parts.map(shown)) === figure, `the parts of ${figure} add up to ${add(parts.map(shown))}`);
  else expect(/^\(unallocated\)|keeps the way of the largest|Nothing is charged/.test(await tab.textContent("#e-heading") + await tab.textContent("#e-body")), "a figure has no parts");
  if (pictures && at === 0) await tab.screenshot({ path: path.join(pictures, "explanation.png") });
  if (at === 0) await check("with an explanation open");
  await tab.keyboard.press("Escape");
  expect(!(await tab.$("#explanation[open]")), "Escape does not close the explanation");
}

// What there was in the period before adds up to what was charged and left then, row by row.
const heading = await tab.$$eval("#units thead th", (all) => all.findIndex((one) => one.textContent.startsWith("change")) - 1);
if (heading > 0) {
  for (const table of ["#units", "#services"]) {
    const cells = await tab.$$eval(`${table} tbody tr`, (all, at) => all.map((row) => row.children[at].textContent), heading);
    const total = await tab.$eval(`${table} tfoot tr`, (row, at) => row.children[at].textContent, heading);
    const more = await tab.$eval(`${table} .filter span`, (count) => Number(count.textContent.split(" ")[0]));
    if (more === cells.length) expect(add(cells.map(shown)) === shown(total), `${table}: the period before does not add up to ${total}`);
    if (table === "#units") expect(shown(total) === Number(process.env.BEFORE || shown(total)), `the period before has ${total}, not ${process.env.BEFORE}`);
  }
}

// Filter and sort.
await timed(() => tab.fill("#places input", rows[0][0]));
const filtered = await tab.$$eval("#places tbody tr", (all) => all.map((row) => row.firstElementChild.textContent));
expect(filtered.length > 0 && filtered.every((name) => name === rows[0][0] || name.includes(rows[0][0])), "the filter shows other rows");
await tab.fill("#places input", "");
await timed(() => tab.click("#units thead th:first-child button"));
const sorted = await tab.$$eval("#units tbody tr", (all) => all.map((row) => row.firstElementChild.textContent));
expect(sorted.every((name, at) => at === 0 || sorted[at - 1].localeCompare(name, "en") <= 0), "a click on a heading does not sort");

// The statement of one unit: what it is charged, by itself on screen and on paper.
const [first, second] = await tab.$$eval("#unit option", (all) => all.slice(1).map((option) => [option.value, option.textContent]));
for (const [value, unit] of [first, second].filter(Boolean)) {
  await timed(() => tab.selectOption("#unit", value));
  await tab.waitForSelector("#statement:not([hidden])");
  expect(await tab.textContent("#h-statement") === unit, `the statement of ${unit} is not shown`);
  const said = shown(await tab.textContent("#statement .large"));
  expect(said === (sums.get(unit.startsWith("(no ") ? "" : unit) || 0), `the statement of ${unit} says ${said}`);
  const total = await tab.$eval("#statement table", (table) => table.tFoot.rows[0].lastElementChild.textContent);
  expect(shown(total) === said, `the services of ${unit} add up to ${total}`);
  expect(!(await tab.isVisible("#flow")), "the statement of a unit does not stand by itself");
  const why = await tab.$$eval("#statement table", (all) => all.slice(1).flatMap((table) => [...table.querySelectorAll("tbody tr, tfoot tr")]
    .map((row) => [...row.children].slice(1).map((cell) => cell.textContent))));
  for (const row of why) {
    const figures = row.map((text) => (text === "\u2013" ? 0 : shown(text)));
    expect(add(figures.slice(0, -1)) === figures.at(-1), `causes of ${unit} do not add up: ${row}`);
  }
}
if (pictures) await tab.screenshot({ path: path.join(pictures, "statement.png"), fullPage: true });
// Units above others: every table but that of the causes ends with what those below are charged.
for (const [value, unit, below] of await tab.$$eval("#unit optgroup option", (all) => {
  const data = JSON.parse(document.getElementById("data").textContent);
  return all.map((option) => [option.value, option.textContent, data.groups.find(([name]) => name === option.textContent)[1].map((id) => data.names[2][id])]);
})) {
  await timed(() => tab.selectOption("#unit", value));
  const charged = add(below.map((name) => sums.get(name) || 0));
  expect(below.length > 0 && shown(await tab.textContent("#statement .large")) === charged, `the statement of ${unit} does not say ${charged}`);
  const totals = await tab.$$eval("#statement table:not(.causes table)", (all) => all.map((table) => table.tFoot.rows[0].lastElementChild.textContent));
  expect(totals.every((total) => shown(total) === charged), `tables of ${unit} end with ${totals}`);
  if (pictures) await tab.screenshot({ path: path.join(pictures, "statement-above.png"), fullPage: true });
  await check("with a statement of several units");
}
await tab.selectOption("#unit", second ? second[0] : first[0]);
await check("with a statement");
// On paper nothing is wider than the page: 186 mm between its margins, at 96 pixels an inch.
await tab.emulateMedia({ media: "print" });
await tab.setViewportSize({ width: 702, height: 900 });
const wide = await tab.$$eval("#statement .wide", (all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.getAttribute("aria-label")));
expect(wide.length === 0, `on paper the statement cuts off: ${wide}`);
await tab.emulateMedia({ media: "screen" });
await tab.setViewportSize({ width: 1280, height: 900 });
if (pictures) await tab.pdf({ path: path.join(pictures, "statement.pdf"), format: "A4" });
await tab.selectOption("#unit", "");
expect(await tab.isVisible("#flow"), "the whole page does not come back");

async function check(where) {
  await tab.evaluate(axe);
  const found = await tab.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  for (const one of found.violations.filter((violation) => ["serious", "critical"].includes(violation.impact))) {
    problems.push(`${where}: ${one.id}, ${one.help}: ${one.nodes.slice(0, 2).map((node) => node.html.slice(0, 160)).join(" | ")}`);
  }
}
await check("light");
await tab.click("#theme");
await check("dark");
if (pictures) await tab.screenshot({ path: path.join(pictures, "dark.png"), fullPage: true });
if (pictures) await tab.pdf({ path: path.join(pictures, "page.pdf"), format: "A4" });
await browser.close();

console.log(JSON.stringify({ loaded_ms: Math.round(loaded), slowest_click_ms: Math.round(Math.max(...clickTimes)), bytes: fs.statSync(page).size }));
for (const problem of problems) console.error(problem);
process.exit(problems.length ? 1 : 0);
