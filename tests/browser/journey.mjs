// A day of the people who handle held mail, from the first log-in to the last
// log-out. The same with scripts switched off.
import { begin, end, must, person, press, stage } from "./browser.mjs";
import { readFile } from "node:fs/promises";

const options = { javaScriptEnabled: stage.scripts };
const told = (text) => console.log(`- ${text}`);

// Somebody begins by the link of an account that the administrator makes.
async function join(admin, name, roles) {
  await admin.goto("/people");
  await admin.fill("#name", name);
  for (const role of roles) await admin.check(`#role-${role}`);
  await press(admin, "form[action='/people'] button[type=submit]");
  const link = await admin.inputValue("#link");
  const page = await person(options);
  await begin(page, link, name);
  return page;
}

async function open(page, id) {
  await page.goto("/queue");
  await press(page, `tbody a[href='/queue/${id}']`);
}

async function act(page, id, wish, purpose) {
  await page.check(`input[name=wish][value=${wish}]`);
  await page.fill("#purpose", purpose);
  await press(page, `form[action='/queue/${id}/act'] button[type=submit]`);
}

const says = async (page, words) => {
  const text = await page.innerText("main");
  must(text.includes(words), `${page.url()} says ${words}, not:\n${text}`);
};

// First log-in, by the link that the log holds.
const admin = await person(options);
await begin(admin, stage.first, "administrator");
told("the administrator begins by the link");
const vera = await join(admin, "vera", ["reviewer"]);
const mons = await join(admin, "mons", ["approver"]);
const solveig = await join(admin, "solveig", ["officer"]);
told("vera, mons and solveig begin by theirs");

// Look, reveal, release encrypted.
await open(vera, stage.sealed);
await says(vera, stage.masked);
const preview = vera.frameLocator("iframe");
await vera.fill("#why", "sak tolv");
await press(vera, `form[action$='/reveal'] button:not([formaction])`);
await says(vera, stage.number);
told("vera looks, and reveals with a purpose");
await open(vera, stage.sealed);
await act(vera, stage.sealed, "release-encrypted", "mottakeren har nøkkel");
await says(vera, "Utført");
told("vera releases it encrypted");

// Four eyes.
await open(vera, stage.many);
await act(vera, stage.many, "release", "haster");
await says(vera, "Venter på en annen person");
const refused = await vera.goto("/approvals");
must(refused.status() === 403, "a reviewer does not approve");
await mons.goto("/approvals");
await says(mons, "haster");
await mons.locator("form[action$='/approve'] input[name=purpose]").first().fill("sett på den");
await press(mons, "form[action$='/approve'] button:not([formaction])");
await says(mons, "Ingenting venter på deg.");
told("vera asks for a release and mons agrees");

// A false alarm, with a word that would have prevented it.
await open(vera, stage.alarm);
await vera.fill("#comment", "Dette er en prøvelapp.");
await press(vera, `form[action$='/comment'] button`);
await says(vera, "Dette er en prøvelapp.");
await vera.fill("#word", "prøvelapp*");
await vera.fill("#because", "nummeret er et løpenummer");
await press(vera, `form[action$='/alarm'] button`);
must(new URL(vera.url()).pathname === "/proposals", "a proposal comes of it");
await says(vera, "prøvelapp*");
told("vera reports a false alarm and sees what the word would change");
await open(vera, stage.alarm);
await vera.fill("#text", "Skriv løpenummeret uten ordet fødselsnummer.");
await act(vera, stage.alarm, "refuse", "ikke noe nummer");
told("vera refuses with words");

// The officer finds, hands out and erases.
await solveig.goto("/persons");
await solveig.selectOption("#kind", "number");
await solveig.fill("#whom", stage.person);
await solveig.fill("#purpose", "krav 2026-17");
await press(solveig, "form[action='/persons/find'] button");
while (await solveig.locator("meta[http-equiv=refresh]").count()) await solveig.waitForEvent("load");
must((await solveig.locator("input[name=event]").count()) >= 1, "something is found about the person");
const [file] = await Promise.all([
  solveig.waitForEvent("download"),
  solveig.click("#chosen button:not([formaction])"),
]);
const bytes = await readFile(await file.path());
must(bytes.subarray(0, 2).toString() === "PK", "the package is a ZIP file");
told("solveig finds a person and hands out what is held");
await solveig.check("#sure");
await press(solveig, "#chosen button.danger");
await says(solveig, "slettet");
const [proof] = await Promise.all([
  solveig.waitForEvent("download"),
  solveig.click("form[action$='/evidence'] button"),
]);
const evidence = (await readFile(await proof.path())).toString();
must(evidence.includes('"erased"') && !evidence.includes(stage.person), "the evidence names no number");
told("solveig erases it and takes the evidence along");

// The end of the day.
for (const [name, page] of Object.entries({ admin, vera, mons, solveig })) {
  await page.goto("/");
  await press(page, ".leave button");
  const answer = await page.goto("/me");
  must(new URL(page.url()).pathname === "/login" && answer.ok(), `${name} is logged out`);
}
told("all log out");
await end({ scripts: stage.scripts });
