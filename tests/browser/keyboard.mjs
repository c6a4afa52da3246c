// The same work with the keyboard alone. Each stop of the Tab key must be seen.
import { PASSWORD, begin, end, must, person, stage } from "./browser.mjs";

let stops = 0;

// Presses Tab until it stands on what is wanted.
async function tabTo(page, wanted) {
  for (let steps = 0; steps < 150; steps += 1) {
    await page.keyboard.press("Tab");
    const at = await page.evaluate((selector) => {
      const one = document.activeElement;
      const style = getComputedStyle(one);
      const box = one.getBoundingClientRect();
      return {
        name: `${one.tagName.toLowerCase()}${one.id ? `#${one.id}` : ""} ${one.textContent.trim().slice(0, 30)}`,
        fits: one.matches(selector),
        body: one === document.body,
        outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight,
      };
    }, wanted);
    if (at.body) continue;
    stops += 1;
    must(at.outline, `the focus on ${at.name} of ${page.url()} has an outline`);
    must(at.seen, `the focus on ${at.name} of ${page.url()} is in view`);
    if (at.fits) return;
  }
  must(false, `Tab reaches ${wanted} on ${page.url()}`);
}

async function go(page, key = "Enter") {
  await Promise.all([page.waitForNavigation({ waitUntil: "load" }), page.keyboard.press(key)]);
}

async function type(page, field, text) {
  await tabTo(page, field);
  await page.keyboard.type(text);
}

const solveig = await person();
await begin(solveig, stage.link, "solveig");

// Log-out and log-in.
await solveig.goto("/");
await tabTo(solveig, ".leave button");
await go(solveig);
await type(solveig, "#name", "solveig");
await type(solveig, "#password", PASSWORD);
await go(solveig);
must(new URL(solveig.url()).pathname === "/", `the keyboard logs in, at ${solveig.url()}`);

// The first stop leads past the menu.
await tabTo(solveig, "a.skip");
await solveig.keyboard.press("Enter");
must(await solveig.evaluate(() => document.activeElement.id === "main"), "the first stop leads to the content");

// Every place in the menu.
const places = await solveig.locator(".bar nav a").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
for (const place of places) {
  await solveig.goto("/me");
  await tabTo(solveig, `.bar nav a[href='${place}']`);
  await go(solveig);
  must(new URL(solveig.url()).pathname === place, `Enter opens ${place}`);
}

// Language and colours.
await solveig.goto("/me");
await tabTo(solveig, "#language");
await solveig.keyboard.type("English");
await tabTo(solveig, "#theme");
await solveig.keyboard.type("Dark");
await solveig.keyboard.press("Home");
await solveig.keyboard.press("End");
await tabTo(solveig, "form[action='/me/appearance'] button");
await go(solveig);
const root = await solveig.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme]);
must(root[0] === "en" && root[1] === "dark", `English and dark are chosen: ${root}`);

console.log(`${stops} stops of the Tab key, each with an outline and in view`);
await end({ stops, places });
