// Opens a page of charge lines that do not keep all columns: nothing on it may say that there is none of them.
//
//   node kept.mjs report.html <columns of the flow> [partly]
//
// With `partly`, a part of each figure is unallocated.
import path from "node:path";
import { chromium } from "playwright-core";

const page = path.resolve(process.argv[2]), columns = Number(process.argv[3]), isPartly = process.argv[4] === "partly";
const problems = [];
const expect = (holds, what) => { if (!holds) problems.push(what); };
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: [...(process.getuid?.() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
});
const tab = await (await browser.newContext({ viewport: { width: 1280, height: 900 }, offline: true })).newPage();
tab.on("pageerror", (error) => problems.push(`the script fails: ${error.message}`));
await tab.goto(`file://${page}`);
await tab.waitForSelector("#footer:not(:empty)");
const says = async (where) => expect(!(await tab.innerText("body")).includes("(no "), `${where} says that something is missing`);
await says("the page");

// The picture has bars of what is kept, and adds up.
const sum = (selector) => tab.$$eval(selector, (all) => all.reduce((sum, one) => sum + Number(one.dataset.amount), 0));
expect(await tab.isVisible("#flow") === columns > 1, "a flow of one column is no flow");
if (columns > 1) {
  for (let at = 0; at < columns; at += 1) expect(await sum(`#flow .node[data-column="${at}"]`) === 1200, `column ${at} does not add up`);
  expect(await sum("#flow .link") === 1200, "the step does not add up");
  await tab.evaluate(() => document.querySelector('#flow .node[data-column="1"]').dispatchEvent(new MouseEvent("click", { bubbles: true })));
  await says("the followed bar");
  await tab.keyboard.press("Escape");
}

// What is handed back is told, and so is every figure, down to where it began.
expect((await tab.innerText("#handed-back")).startsWith("1 line of the exports is handed back"), "nothing is said of the line that is handed back");
for (const figure of await tab.$$("section:not([hidden]) .figure")) {
  await figure.evaluate((button) => button.click());
  await says("an explanation");
  expect((await tab.innerText("#e-body")).includes("By pool"), "an explanation has no pools");
  expect(isPartly || (await tab.innerText("#e-body")).includes("Where it began"), "an explanation does not say where it began");
  expect(!(await tab.innerText("#e-body")).includes("largest figures only"), "the largest figures are said to be too small");
  await tab.keyboard.press("Escape");
}

// The statement of a unit, where there are units.
if (await tab.isVisible("#unit")) {
  await tab.selectOption("#unit", { index: 1 });
  await tab.waitForSelector("#statement:not([hidden])");
  await says("the statement");
}
await browser.close();
if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(1);
}
