// Looks for barriers on a page with axe-core: all rules of WCAG 2.2 A and AA,
// and good practice.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

// Frames are looked at under their own addresses.
export async function barriers(page, what) {
  await page.evaluate(source);
  const found = await page.evaluate(async () => {
    const run = await window.axe.run(document, { iframes: false, resultTypes: ["violations"] });
    return run.violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.map((node) => `${node.target.join(" ")}: ${node.failureSummary.replace(/\s+/g, " ")}`),
    }));
  });
  const lang = await page.evaluate(() => document.documentElement.lang);
  return { lang, found: found.map((one) => ({ page: what, ...one })) };
}
