// Looks for barriers on a page with axe-core: all rules of WCAG 2.2 A and AA,
// and good practice.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// Frames are looked at under their own addresses; `off` names the rules that
// a page need not obey.
export async function barriers(page, what, off = []) {
  await page.evaluate(source);
  const rules = Object.fromEntries(off.map((rule) => [rule, { enabled: false }]));
  const found = await page.evaluate(async (rules) => {
    const run = await window.axe.run(document, { iframes: false, resultTypes: ["violations"], rules });
    return run.violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary.replace(/\s+/g, " ")}`),
    }));
  }, rules);
  const lang = await page.evaluate(() => document.documentElement.lang);
  return { lang, found: found.map((one) => ({ page: what, ...one })) };
}
