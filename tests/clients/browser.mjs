// Shows a page in a real Chromium, on a site of its own, and does there what the test says.
import { createServer } from "node:http";
import { build } from "esbuild";
import { chromium } from "playwright-core";
import { cut, given, tell } from "./io.mjs";

async function bundle({ contents, loader, version = "7" }) {
  const older = { ai: `ai-${version}`, "@ai-sdk/react": `ai-react-${version}` };
  const { outputFiles } = await build({
    stdin: { contents, loader, resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: "esm",
    jsx: "automatic",
    alias: version === "7" ? {} : older,
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return outputFiles[0].text;
}

const script = given.script ? await bundle(given.script) : "";
const html = `<!doctype html>${given.html ?? ""}`;
const site = createServer((request, response) => {
  const isScript = request.url === "/script.js";
  response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
  response.end(isScript ? script : html);
});
await new Promise((resolve) => site.listen(0, "127.0.0.1", resolve));

const browser = await chromium.launch({
  executablePath: given.chromium,
  args: ["--disable-gpu", "--disable-quic", "--disable-sync"],
});
const page = await browser.newPage(given.device ?? {});
page.setDefaultTimeout(20_000);
const requests = [];
const faults = [];
page.on("response", (response) => {
  if (response.url().startsWith(given.api)) {
    requests.push({ method: response.request().method(), status: response.status() });
  }
});
page.on("pageerror", (error) => faults.push(error.message));

const steps = {
  write: (text) => page.locator("input").first().fill(text),
  fill: ([label, text]) => page.getByLabel(label).fill(text),
  unfold: (text) => page.locator("summary", { hasText: text }).click(),
  follow: (name) => page.getByRole("link", { name }).first().click(),
  press: (name) => page.getByRole("button", { name }).click(),
  see: (text) => page.getByText(text).first().waitFor(),
  cut: () => cut(given.api),
  reload: () => page.reload(),
  until: (expression) => page.waitForFunction(expression),
};
const home = given.file ? `file://${given.file}` : `http://127.0.0.1:${site.address().port}/`;
await page.goto(home + (given.search ?? ""));
for (const [name, argument] of given.steps) await steps[name](argument);

tell({
  text: await page.locator("body").innerText(),
  marked: await page.locator("mark").allInnerTexts(),
  links: await page.locator("a").evaluateAll((links) => links.map(({ href }) => href)),
  color: await page.evaluate(() => getComputedStyle(document.body).backgroundColor),
  overflow: await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
  result: await page.evaluate(() => globalThis.result ?? null),
  requests,
  faults,
});
