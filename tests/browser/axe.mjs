// Every page that is shown, in two themes and three languages.
import { LANGUAGES, PASSWORD, THEMES, begin, end, must, person, prefer, press, stage } from "./browser.mjs";
import { barriers } from "./barriers.mjs";

const violations = [];
const wrong = [];
const skipped = new Set();
const seen = new Set();
let looks = 0;
let answers = 0;

// `lang` is right and there is no barrier.
async function look(page, path, language, theme) {
  const answer = await page.goto(path).catch((error) => {
    if (!String(error).includes("Download is starting")) throw error;
  });
  if (!answer) return skipped.add(path);
  must(answer.status() < 500, `${path} is answered, not with ${answer.status()}`);
  if (!(answer.headers()["content-type"] ?? "").startsWith("text/html")) return skipped.add(path);
  // Where nothing may run, axe cannot either: it gets a copy. What is in the
  // frame was written by others, with or without a heading.
  const isFrame = path.endsWith("/preview");
  if (isFrame) {
    const text = await answer.text();
    await page.goto("about:blank");
    await page.setContent(text);
  }
  const { lang, found } = await barriers(page, `${path} ${language} ${theme}`, isFrame ? ["page-has-heading-one"] : []);
  if (lang !== language) wrong.push(`${path}: lang is ${lang}, not ${language}`);
  violations.push(...found);
  seen.add(path);
  looks += 1;
}

const solveig = await person();
await begin(solveig, stage.link, "solveig", async (page, what) => {
  violations.push(...(await barriers(page, what)).found);
});

// A page with a barrier is found out.
await solveig.goto("/me");
await solveig.evaluate(() => document.querySelector("label[for=language]").remove());
const seeded = (await barriers(solveig, "/me")).found.map((one) => one.id);
must(seeded.includes("select-name"), `a select without a label is found: ${seeded}`);

// Somebody asks to let the own mail out, which another must agree to.
const kari = await person();
await begin(kari, stage.own_link, stage.own);
await kari.goto(`/queue/${stage.held}`);
await kari.check("#w2");
await kari.fill("form[action$='/act'] #purpose", "haster");
await press(kari, "form[action$='/act'] button");
await kari.context().close();

// The names in the paths, with what stands for each here.
const path = async (route) => {
  if (route.startsWith("/assets/")) return null;
  const known = {
    "/welcome/{token}": new URL(stage.open_link).pathname,
    "/e/{event}/{token}": new URL(stage.personal).pathname,
    // No provider is set up here: the page says so.
    "/login/oidc/{provider}": "/login/oidc/feide",
    "/login/oidc/{provider}/callback": "/login/oidc/feide/callback?state=x",
  };
  if (known[route]) return known[route];
  if (route === "/proposals/{id}/toml") return proposal();
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

async function proposal() {
  await solveig.goto(`/queue/${stage.held}`);
  await solveig.fill("#word", "prøvelapp*");
  await solveig.fill("#because", "nummeret er et løpenummer");
  await press(solveig, "form[action$='/alarm'] button");
  return first("/proposals", /toml$/);
}

async function search(route) {
  await solveig.goto("/persons");
  await solveig.fill("#whom", stage.number);
  await solveig.fill("#purpose", "krav 2026-17");
  await press(solveig, "form[action='/persons/find'] button");
  return route.replace("/persons/{search}", new URL(solveig.url()).pathname);
}

// What forms are answered with: path, what is filled in, and the button.
const forms = [
  ["/me", { "#current": "feil passord her", "#password": "x".repeat(12), "#again": "y".repeat(12) }, "form[action='/me/password'] button"],
  ["/me", { "#proof": PASSWORD }, "form[action='/me/factor/start'] button"],
  ["/persons", { "#whom": "12", "#purpose": "krav" }, "form[action='/persons/find'] button"],
  ["/audit", {}, "form[action='/audit/verify'] button"],
  ["/holds", { "#message": "ukjent", "#purpose": "sak tolv" }, "form[action='/holds/place'] button"],
  ["/reports", { "#event": stage.event, "#slip-purpose": "sak tolv" }, "form[action='/reports/slip'] button[value=html]"],
  ["/reports", { "#evidence-purpose": "sak tolv" }, "form[action='/reports/evidence'] button[value=html]"],
  ["/people", { "#name": "solveig" }, "form[action='/people'] button"],
  ["/queue", { "#purpose": "sak tolv" }, "form[action='/queue/act'] button"],
  ["/queue", { "[name=id]": true, "#wish": "ask", "#text": "Hvem er dette til?", "#purpose": "sak tolv" }, "form[action='/queue/act'] button"],
  [`/queue/${stage.held}`, { "#comment": stage.number }, "form[action$='/comment'] button"],
  [`/queue/${stage.held}`, { "#why": "sak tolv" }, "form[action$='/reveal'] button:not([formaction])"],
];

async function send([path, fields, button], language, theme) {
  const what = `${button} of ${path} ${language} ${theme}`;
  await solveig.goto(path);
  for (const [field, text] of Object.entries(fields)) {
    const place = solveig.locator(field).first();
    if (text === true) await place.check();
    else if (await place.evaluate((one) => one.tagName === "SELECT")) await place.selectOption(text);
    else await place.fill(text);
  }
  await press(solveig, button);
  const { lang, found } = await barriers(solveig, what);
  if (lang !== language) wrong.push(`${what}: lang is ${lang}`);
  violations.push(...found);
  answers += 1;
}

const paths = [];
for (const route of stage.paths) {
  const one = await path(route);
  if (one) paths.push(one);
}

const open = ["/login", "/nowhere", `/e/${stage.held}`, ...paths.filter((one) => /^\/(welcome|e|login\/oidc)\//.test(one))];
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
    for (const form of forms) await send(form, language, theme);
  }
}

// What is erased, which is the end of the message; and a page that the roles
// do not allow.
const erased = await search("/persons/{search}");
await solveig.goto(erased);
await solveig.check("#sure");
await press(solveig, "button[formaction$='/erase']");
const ragnhild = await person();
await begin(ragnhild, stage.open_link, "ragnhild");
for (const language of LANGUAGES) {
  for (const theme of THEMES) {
    await prefer(solveig, language, theme);
    await look(solveig, erased, language, theme);
    must(await solveig.locator("form[action$='/evidence']").count(), "the page tells of the erasure");
    await prefer(ragnhild, language, theme);
    await look(ragnhild, "/people", language, theme);
  }
}

for (const one of violations) console.log(`${one.page}: ${one.id}\n  ${one.nodes.join("\n  ")}`);
console.log(`${seen.size} pages x ${THEMES.length} themes x ${LANGUAGES.length} languages: ${looks} looks, and at ${answers} answers to forms; no HTML: ${[...skipped].join(" ") || "none"}`);
console.log([...seen].join(" "));
must(wrong.length === 0, wrong.join("\n"));
await end({ looks, answers, pages: seen.size, violations: violations.map((one) => `${one.page}: ${one.id}`) });
