import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { playground, simulated, view } from "./support/browser.ts";

const { open } = playground();
const OUT = fileURLToPath(new URL("./out/", import.meta.url));
mkdirSync(OUT, { recursive: true });

/** Pictures to look at: there is nothing that a test could say of them but that they can be taken. */
for (const width of [1440, 390]) {
  for (const scheme of ["light", "dark"] as const) {
    test(`pictures: ${width} px, ${scheme}`, async () => {
      const { page, close } = await open({ width, height: width < 500 ? 844 : 900, scheme, steps: true });
      await simulated(page);
      const take = (name: string) => page.screenshot({ path: join(OUT, `${name}-${width}-${scheme}.png`) });
      if (width < 500) {
        await view(page, "policy");
        await take("policy");
        await view(page, "results");
      }
      await take("results");
      await page.getByRole("button", { name: "Close" }).click();
      await page.locator("#results .report").scrollIntoViewIfNeeded();
      await page.evaluate(() => document.querySelector("#results .report")?.scrollIntoView());
      await take("report");
      await page.evaluate(() => document.querySelector("#results .charts")?.scrollIntoView());
      await take("charts");
      for (const name of ["graph", "proofs", "timeline", "request"]) {
        await view(page, name);
        if (name === "graph") await page.locator(`g.node[data-name=${width < 500 ? "public" : "Article"}]`).click();
        if (name === "timeline") await page.locator(".now .said").waitFor();
        await page.waitForTimeout(400);
        await take(name);
      }
      await view(page, "compare");
      await page.getByRole("button", { name: "Change a copy of it" }).click();
      const knob = page.locator("#compare").getByRole("slider", { name: "public.ttl" });
      await knob.focus();
      await page.keyboard.press("ArrowRight");
      await page.locator("#compare .comparison > *").first().waitFor();
      await page.waitForTimeout(2_000);
      await take("compare");
      await page.getByRole("button", { name: "Examples" }).click();
      await take("examples");
      await close();
    });
  }
}
