// Starts chromium and a person in it. Whatever a page of ours should never do
// (ask another host, open a dialog, break its own policy, throw) is written
// down in `faults`, and the script that finds any must fail.
import { createHmac } from "node:crypto";
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

// The first log-in, by the link. Whoever must have a second factor sets it up;
// gives the codes for the day when the authenticator is lost.
export async function begin(page, link, name, glance = () => {}) {
  await page.goto(link);
  await page.fill("#password", PASSWORD);
  await page.fill("#again", PASSWORD);
  await press(page, "main form button[type=submit]");
  await page.goto("/login");
  await page.fill("#name", name);
  await page.fill("#password", PASSWORD);
  await press(page, "main form button[type=submit]");
  const codes = [];
  if (await page.locator("#code").count()) {
    await glance(page, "the code");
    await page.fill("#code", codeOf(await page.innerText("main p code")));
    await press(page, "main form button[type=submit]");
    await glance(page, "the recovery codes");
    codes.push(...(await page.locator("main li code").allInnerTexts()));
    await press(page, "main a.button");
  }
  must(!page.url().includes("/login"), `${name} is logged in, not at ${page.url()}`);
  return codes;
}

// What an authenticator shows now (RFC 6238): six digits, thirty seconds.
function codeOf(letters) {
  const five = (letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
  const bits = [...letters.replace(/[^A-Z2-7]/g, "")].map(five).join("");
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const mac = createHmac("sha1", secret).update(step).digest();
  const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
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
