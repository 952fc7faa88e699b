import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { playground, simulated, text, view } from "./support/browser.ts";
import { SMALL } from "./support/cli.ts";

const { open, url } = playground();

test("a link brings back the policy, the other one, the seed and the view", async () => {
  const one = await open();
  await simulated(one.page);
  await one.page.getByRole("button", { name: "Examples" }).click();
  await one.page.locator('[data-example="django-mended"]').click();
  await one.page.getByRole("spinbutton", { name: "Seed" }).fill("42");
  await one.page.keyboard.press("Tab");
  await view(one.page, "compare");
  await one.page.getByRole("button", { name: "Change a copy of it" }).click();
  await one.page.getByRole("button", { name: "Share" }).click();
  const link = await one.page.getByRole("textbox", { name: "The link" }).inputValue();
  const shared = await text(one.page);
  await one.close();
  assert.ok(link.startsWith(`${url()}#p=`));

  const other = await open({ hash: new URL(link).hash });
  await other.page.getByRole("tab", { name: "Compare", selected: true }).waitFor();
  assert.equal(await other.page.getByRole("spinbutton", { name: "Seed" }).inputValue(), "42");
  await other.page.getByRole("textbox", { name: "The other policy" }).waitFor();
  assert.equal(await text(other.page), shared);
  await other.close();
});

test("what a link says beyond what the fields take is left out", async () => {
  const state = JSON.stringify({ a: SMALL, seed: -5.5, seeds: 1e9, view: "nowhere", workload: "<none>" });
  const { page, close } = await open({ hash: `#p=${deflateRawSync(state).toString("base64url")}`, steps: true });
  await simulated(page);
  assert.equal(await page.getByRole("spinbutton", { name: "Seed" }).inputValue(), "0");
  assert.equal(await page.getByRole("spinbutton", { name: "Runs" }).inputValue(), "1");
  await page.getByText("On the left, how a service caches.").waitFor();
  await close();
});

test("a damaged link says so, and an example is there", async () => {
  const { page, close } = await open({ hash: "#p=AAAAnonsense" });
  await page.getByText("The link is damaged").first().waitFor();
  await simulated(page);
  await close();
});

test("once loaded, the page works without a network", async () => {
  const { page, context, close } = await open();
  await simulated(page);
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await page.reload();
  await simulated(page);
  await view(page, "graph");
  await page.locator("g.node").first().waitFor();
  await close();
});
