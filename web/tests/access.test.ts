import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { playground, simulated, view } from "./support/browser.ts";

const { open } = playground();
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = ["results", "graph", "proofs", "timeline", "compare", "request"];

/** What axe holds to be wrong, but for trifles. */
async function wrong(page: Page): Promise<string[]> {
  const found = await page.evaluate(() => (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run());
  return found.violations
    .filter(({ impact }) => impact !== "minor")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(" ")} ${failureSummary}`).join("; ")}`);
}

for (const scheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    test(`axe finds nothing: ${scheme}, ${width} px`, async () => {
      const { page, close } = await open({ scheme, width, steps: true });
      await simulated(page);
      // Evaluated by the browser's own tool for tests, which no content security policy holds back.
      await page.evaluate(AXE);
      const found: string[] = [];
      for (const name of VIEWS) {
        await view(page, name);
        if (name === "graph") await page.locator("g.node").first().waitFor();
        if (name === "proofs") await page.locator(".bounds").waitFor();
        if (name === "timeline") await page.locator(".happenings li").first().waitFor();
        if (name === "compare") await page.getByRole("button", { name: "Change a copy of it" }).click();
        found.push(...(await wrong(page)).map((what) => `${name}: ${what}`));
      }
      await page.getByRole("button", { name: "Examples" }).click();
      found.push(...(await wrong(page)).map((what) => `examples: ${what}`));
      assert.deepEqual(found, []);
      await close();
    });
  }
}

test("nothing is wider than the screen, from 360 pixels on", async () => {
  for (const width of [360, 768, 1024, 3840]) {
    const { page, close } = await open({ width, height: width > 2000 ? 2160 : 800 });
    await simulated(page);
    for (const name of width < 900 ? ["policy", ...VIEWS] : VIEWS) {
      await view(page, name);
      const wide = await page.evaluate(() => {
        const panel = document.querySelector(".panel[data-shown]");
        return [document.documentElement.scrollWidth - innerWidth, panel ? panel.scrollWidth - panel.clientWidth : 0];
      });
      assert.deepEqual(wide.map((over) => Math.max(0, over)), [0, 0], `${name} at ${width} px`);
    }
    await close();
  }
});

test("tabs are moved through by arrow keys", async () => {
  const { page, close } = await open();
  await page.getByRole("tab", { name: "Results" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("tab", { name: "Graph", selected: true }).waitFor();
  await page.keyboard.press("Home");
  await page.getByRole("tab", { name: "Results", selected: true }).waitFor();
  await close();
});

test("colours follow the switch", async () => {
  const { page, close } = await open({ scheme: "light" });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  const button = page.getByRole("button", { name: /Colours/ });
  await button.click();
  assert.equal(await paper(), light);
  await button.click();
  assert.notEqual(await paper(), light);
  await page.reload();
  assert.notEqual(await paper(), light);
  await close();
});
