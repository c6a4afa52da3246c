// What a careless page would do: the proof that the ways to reach out work.
import { faults, person, end, stage } from "./browser.mjs";

const victim = await person();
await victim.goto(stage.beacon + "/control", { waitUntil: "load" });
await victim.waitForURL(/meta-refresh/);
faults.length = 0;
await end({});
