// Starts chromium and a person in it. Whatever a page of ours should never do
// (ask another host, open a dialog, break its own policy, throw) is written
// down in `faults`, and the script that finds any must fail.
import { chromium } from "playwright-core";

export const stage = JSON.parse(process.env.SLUSE_STAGE);
export const PASSWORD = "blå elv under brua";
export const LANGUAGES = ["nb", "nn", "en"];
export const THEMES = ["light", "dark"];
export const faults = [];

const browser = await chromium.launch({
  executablePath: process.env.SLUSE_CHROMIUM,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
});

// A browser of its own, with its own cookies.
export async function person(options = {}) {
  const context = await browser.newContext({ locale: "nb-NO", baseURL: stage.base, ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  watch(page);
  return page;
}

function watch(page) {
  const tell = (kind, what) => faults.push(`${kind} at ${page.url()}: ${what}`);
  page.on("dialog", (dialog) => { tell("dialog", dialog.message()); dialog.dismiss(); });
  page.on("pageerror", (error) => tell("error", error));
  page.on("console", (line) => {
    const text = line.text();
    if (/content.security.policy|refused to|violates/i.test(text)) tell("policy", text);
  });
  page.on("request", (request) => {
    if (!/^(data:|about:|blob:)/.test(request.url()) && !request.url().startsWith(stage.base + "/")) {
      tell("request", request.url());
    }
  });
}

// The first log-in, by the link.
export async function begin(page, link, name) {
  await page.goto(link);
  await page.fill("#password", PASSWORD);
  await page.fill("#again", PASSWORD);
  await press(page, "main form button[type=submit]");
  await enter(page, name);
}

export async function enter(page, name) {
  await page.goto("/login");
  await page.fill("#name", name);
  await page.fill("#password", PASSWORD);
  await press(page, "main form button[type=submit]");
  must(!page.url().includes("/login"), `${name} is logged in, not at ${page.url()}`);
}

// Presses a button that leads to another page.
export async function press(page, button) {
  const target = typeof button === "string" ? page.locator(button).first() : button;
  await Promise.all([page.waitForNavigation({ waitUntil: "load" }), target.click()]);
}

export async function prefer(page, language, theme) {
  await page.goto("/me");
  await page.selectOption("#language", language);
  await page.selectOption("#theme", theme);
  await press(page, "form[action='/me/appearance'] button[type=submit]");
}

export function must(holds, what) {
  if (!holds) throw new Error(`it must hold that ${what}`);
}

// Ends the script with its report.
export async function end(report) {
  await browser.close();
  must(faults.length === 0, `nothing went wrong on the pages:\n${faults.join("\n")}`);
  console.log(JSON.stringify(report));
}

process.on("unhandledRejection", (error) => { console.error(error); process.exit(1); });
