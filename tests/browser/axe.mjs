// Every page that is shown, in two themes and three languages.
import { LANGUAGES, THEMES, begin, end, must, person, prefer, press, stage } from "./browser.mjs";
import { barriers } from "./barriers.mjs";

const violations = [];
const wrong = [];
const skipped = new Set();
const seen = new Set();
let looks = 0;

// `lang` is right and there is no barrier.
async function look(page, path, language, theme) {
  const answer = await page.goto(path);
  must(answer.status() < 500, `${path} is answered, not with ${answer.status()}`);
  if (!(answer.headers()["content-type"] ?? "").startsWith("text/html")) return skipped.add(path);
  const { lang, found } = await barriers(page, `${path} ${language} ${theme}`);
  if (lang !== language) wrong.push(`${path}: lang is ${lang}, not ${language}`);
  violations.push(...found);
  seen.add(path);
  looks += 1;
}

const solveig = await person();
await begin(solveig, stage.link, "solveig");

// A page with a barrier is found out.
await solveig.goto("/me");
await solveig.evaluate(() => document.querySelector("label[for=language]").remove());
const seeded = (await barriers(solveig, "/me")).found.map((one) => one.id);
must(seeded.includes("select-name"), `a select without a label is found: ${seeded}`);

// The names in the paths, with what stands for each here.
const path = async (route) => {
  if (route.startsWith("/assets/")) return null;
  const known = {
    "/welcome/{token}": new URL(stage.open_link).pathname,
    "/e/{event}/{token}": `/e/${stage.held}/bcdfghjkmnpqrstvbcdfghjkmnpqrstv`,
  };
  if (known[route]) return known[route];
  if (route.startsWith("/queue/{id}")) return route.replace("{id}", stage.held);
  if (route.startsWith("/persons/{search}")) return search(route);
  if (route.startsWith("/people/{id}")) return first("/people", /^\/people\/[^/]+$/);
  must(!route.includes("{"), `axe.mjs knows what to put into ${route}`);
  return route;
};

async function first(list, like) {
  await solveig.goto(list);
  const links = await solveig.locator("main a[href]").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  const link = links.find((one) => like.test(one));
  must(link, `${list} leads to ${like}`);
  return link;
}

async function search(route) {
  return route;
}

const paths = [];
for (const route of stage.paths) {
  const one = await path(route);
  if (one) paths.push(one);
}

const open = ["/login", "/nowhere", `/e/${stage.held}`, ...paths.filter((one) => /^\/(welcome|e)\//.test(one))];
const kept = paths.filter((one) => !open.includes(one));
if (stage.paths.includes("/queue/{id}")) kept.push("/queue/bcdfghjkmnpqrstvbcdf");

for (const language of LANGUAGES) {
  for (const theme of THEMES) {
    // Nobody is logged in: what the machine and the browser are set to.
    const anyone = await person({ locale: { nb: "nb-NO", nn: "nn-NO", en: "en-GB" }[language], colorScheme: theme });
    for (const one of open) await look(anyone, one, language, theme);
    await anyone.goto("/login");
    await anyone.fill("#name", "solveig");
    await anyone.fill("#password", "feil passord her");
    await press(anyone, "main form button[type=submit]");
    violations.push(...(await barriers(anyone, `/login refused ${language} ${theme}`)).found);
    await anyone.context().close();
    // Somebody is: what the account says, against what the machine says.
    await prefer(solveig, language, theme);
    await solveig.emulateMedia({ colorScheme: theme === "dark" ? "light" : "dark" });
    for (const one of kept) await look(solveig, one, language, theme);
  }
}

for (const one of violations) console.log(`${one.page}: ${one.id}\n  ${one.nodes.join("\n  ")}`);
console.log(`${seen.size} pages x ${THEMES.length} themes x ${LANGUAGES.length} languages: ${looks} looks; no HTML: ${[...skipped].join(" ") || "none"}`);
console.log([...seen].join(" "));
must(wrong.length === 0, wrong.join("\n"));
await end({ looks, pages: seen.size, violations: violations.map((one) => `${one.page}: ${one.id}`) });
