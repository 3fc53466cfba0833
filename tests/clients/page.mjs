// Opens a page of the API in a real Chromium, and does there what the test says.
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

const results = [];
const steps = {
  write: (label, text) => page.getByLabel(label).fill(text),
  press: (name) => page.getByRole("button", { name, exact: true }).click(),
  key: (name) => page.keyboard.press(name),
  click: (selector) => page.locator(selector).first().click(),
  see: (text) => page.getByText(text).first().waitFor(),
  wait: (selector) => page.locator(selector).first().waitFor(),
  upload: (file) => page.locator("input[type=file]").first().setInputFiles(file),
  picture: (path) => page.screenshot({ path }),
  until: (expression) => page.waitForFunction(expression),
  text: async (selector) => results.push(await page.locator(selector).first().innerText()),
  evaluate: async (expression) => results.push(await page.evaluate(expression)),
};
await page.goto(given.url);
try {
  for (const [name, ...values] of given.steps) await steps[name](...values);
} catch (error) {
  if (given.fault) await page.screenshot({ path: given.fault });
  throw error;
}
tell({ results, faults, hosts: [...hosts] });
