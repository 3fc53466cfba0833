// Opens a page of the API in a real Chromium, and does there what the test says.
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";
import { given, tell } from "./io.mjs";

const browser = await chromium.launch({
  executablePath: given.chromium,
  args: ["--disable-gpu", "--disable-quic", "--disable-sync"],
});
const context = await browser.newContext({
  viewport: { width: given.width ?? 1280, height: given.height ?? 850 },
  colorScheme: given.scheme ?? "light",
  reducedMotion: "reduce",
});
const page = await context.newPage();
page.setDefaultTimeout(20_000);
const faults = [];
const hosts = new Set();
page.on("pageerror", (error) => faults.push(error.message));
page.on("request", (request) => hosts.add(new URL(request.url()).host));

const axe = await readFile(new URL("node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

async function findViolations() {
  await page.evaluate(axe);
  const { violations } = await page.evaluate("axe.run()");
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target}: ${failureSummary}`),
  );
}

const results = [];
const violations = [];
const steps = {
  write: (label, text) => page.getByLabel(label).fill(text),
  press: (name) => page.getByRole("button", { name, exact: true }).click(),
  key: async (...names) => {
    for (const name of names) await page.keyboard.press(name);
  },
  type: (text) => page.keyboard.type(text),
  click: (selector) => page.locator(selector).first().click(),
  see: (text) => page.getByText(text).first().waitFor(),
  wait: (selector) => page.locator(selector).first().waitFor(),
  reload: () => page.reload(),
  look: (width, height, scheme) =>
    Promise.all([
      page.setViewportSize({ width, height }),
      page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" }),
    ]),
  check: async () => violations.push(...(await findViolations())),
  call: (url) => fetch(url),
  upload: (file) => page.locator("input[type=file]").first().setInputFiles(file),
  picture: (path) => page.screenshot({ path }),
  until: (expression) => page.waitForFunction(expression),
  text: async (selector) => results.push(await page.locator(selector).first().innerText()),
  texts: async (selector) => results.push(await page.locator(selector).allInnerTexts()),
  evaluate: async (expression) => results.push(await page.evaluate(expression)),
};
await page.goto(given.url);
try {
  for (const [name, ...values] of given.steps) await steps[name](...values);
} catch (error) {
  if (given.fault) await page.screenshot({ path: given.fault });
  throw error;
}
tell({ results, violations, faults, hosts: [...hosts] });
