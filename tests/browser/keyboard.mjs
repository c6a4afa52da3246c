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
const codes = await begin(solveig, stage.link, "solveig");

// Log-out and log-in.
await solveig.goto("/");
await tabTo(solveig, ".leave button");
await go(solveig);
await type(solveig, "#name", "solveig");
await type(solveig, "#password", PASSWORD);
await go(solveig);
await type(solveig, "#code", codes[0]);
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

// The list of held mail: j and k go, x marks, / leads to the search and r to
// what can be done.
const keys = async (...all) => { for (const key of all) await solveig.keyboard.press(key); };
const at = () => solveig.evaluate(() => {
  const style = getComputedStyle(document.activeElement);
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  return { id: document.activeElement.id, href: document.activeElement.getAttribute("href"), seen };
});
await solveig.goto("/queue");
const links = await solveig.locator("[data-row] a[href]").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
await keys("j", "j", "k");
must((await at()).href === links[0] && (await at()).seen, "j, j and k lead to the first row, and that is seen");
await keys("x", "j", "x");
must((await solveig.locator("[name=id]:checked").count()) === 2, "x marks a row");
await keys("/");
must((await at()).id === "search", "/ leads to the search");
await solveig.locator("body").evaluate(() => document.activeElement.blur());
await keys("?");
must((await at()).id === "keys", "? leads to the keys");
await keys("r");
must((await at()).id === "release", "r leads to what can be done");
await tabTo(solveig, "#wish");
await keys("End", "ArrowUp");
const wish = await solveig.inputValue("#wish");
must(wish === "delete", `the arrows choose, ${wish}`);
await type(solveig, "#purpose", "dublett");
await tabTo(solveig, "form[action='/queue/act'] button");
await go(solveig);
must((await solveig.locator("main .badge.good").count()) === 2, "two are deleted at once");

// One message: open, comment, reveal, release.
await solveig.goto("/queue");
await keys("j");
await go(solveig);
const item = new URL(solveig.url()).pathname;
must(item === links[2], `Enter opens the row, ${item}`);
await type(solveig, "#comment", "Ringte avsenderen.");
await tabTo(solveig, "form[action$='/comment'] button");
await go(solveig);
await type(solveig, "#why", "sak tolv");
await tabTo(solveig, "form[action$='/reveal'] button");
await go(solveig);
must((await solveig.innerText("main")).includes(stage.number), "Enter reveals");
await solveig.goto(item);
await keys("r");
await tabTo(solveig, "#w1");
await keys("ArrowDown");
await type(solveig, "#purpose", "avtalt");
await tabTo(solveig, "form[action$='/act'] button");
await go(solveig);

// The officer's search.
await solveig.goto("/persons");
await type(solveig, "#whom", stage.number);
await type(solveig, "#purpose", "krav 2026-17");
await go(solveig);
must(new URL(solveig.url()).pathname.startsWith("/persons/"), "Enter searches");
await tabTo(solveig, "input[name=event]");
await keys("Space");
await tabTo(solveig, "#chosen button");

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
