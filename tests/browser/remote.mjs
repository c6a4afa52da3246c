// Shows hostile mail on every page that shows mail. What it asks of others,
// opens or breaks stands in `faults`; the beacon tells the rest.
import { begin, end, must, person, press, stage } from "./browser.mjs";

const solveig = await person();
await begin(solveig, stage.link, "solveig");

let looks = 0;
async function look(path) {
  const answer = await solveig.goto(path, { waitUntil: "load" });
  must(answer.ok(), `${path} is shown, not ${answer.status()}`);
  await linger(path);
  looks += 1;
}

// Frames that wait until they are seen are seen; some ways need a moment.
async function linger(path) {
  const frame = solveig.locator("iframe");
  if (await frame.count()) await frame.first().scrollIntoViewIfNeeded();
  if (path.includes(stage.remote)) await solveig.waitForTimeout(5_000);
}

for (const path of stage.lists) await look(path);
for (const id of stage.held) {
  for (const path of stage.paths) await look(path.replace("{id}", id));
  await solveig.goto(`/queue/${id}`);
  await solveig.fill("#why", "sak tolv");
  await press(solveig, "form[action$='/reveal'] button:not([formaction])");
  await linger(id);
  looks += 1;
}
// People can type the same into comments.
for (const payload of stage.payloads) {
  await solveig.goto(`/queue/${stage.remote}`);
  await solveig.fill("#comment", payload);
  await press(solveig, "form[action$='/comment'] button");
  must((await solveig.innerText("main")).includes(payload), `the comment stands there as it is: ${payload}`);
}
await look(`/queue/${stage.remote}`);
for (const payload of stage.payloads) {
  await solveig.goto(`/queue?q=${encodeURIComponent(payload)}`);
  must((await solveig.inputValue("#search")) === payload, `the search stands there as it is: ${payload}`);
}
console.log(`${looks} looks at ${stage.held.length} hostile messages`);
await end({ looks });
