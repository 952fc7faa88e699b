import assert from "node:assert/strict";
import { test } from "node:test";
import { playground, simulated, text, type, view } from "./support/browser.ts";
import { SMALL } from "./support/cli.ts";

const { open } = playground();

test("who opens the page for the first time finds a policy, simulated, and what to do", async () => {
  const { page, close } = await open({ first: true });
  await page.getByRole("complementary", { name: "First steps" }).waitFor();
  await simulated(page);
  assert.match(await page.locator(".tiles").innerText(), /Hits\s+\d/);
  assert.equal(await page.locator("#policy-name").innerText(), "news");
  await page.locator(".problems[data-kind=good]").waitFor();
  await page.getByRole("button", { name: "Turn a knob" }).click();
  await page.getByRole("slider").first().waitFor();
  await close();
});

test("a mistake is seen where it is made, and its fix mends it", async () => {
  const { page, close } = await open();
  await simulated(page);
  await type(page, SMALL.replace("request {", "request\n{"));
  await page.locator(".problems", { hasText: "1 error" }).waitFor();
  assert.match(await page.locator(".problems").innerText(), /\{/);
  await page.getByRole("button", { name: /^line \d+$/ }).first().click();
  await page.locator(".cm-lintRange-error").first().waitFor();
  await page.locator("#results .notice", { hasText: "is not simulated" }).waitFor();
  await page.getByRole("button", { name: /^Fix: / }).first().click();
  await page.locator(".problems[data-kind=good]").waitFor();
  assert.equal(await text(page), SMALL);
  await close();
});

test("what can stand here is offered, and what it is", async () => {
  const { page, close } = await open();
  await simulated(page);
  await type(page, "policy shop { edition 1 }\nobject article(slug) {\n  store shared\n");
  await page.keyboard.type("  stamp");
  await page.locator(".cm-tooltip-autocomplete", { hasText: "stampede" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".cm-line", { hasText: "store shared" }).locator("span", { hasText: "store" }).hover();
  await page.locator(".hover").waitFor();
  await close();
});

test("a policy is laid out by the button and by the keyboard", async () => {
  const { page, close } = await open();
  await simulated(page);
  const crooked = "policy shop {   edition 1 }\nmodel   Article { id;   slug }\n";
  for (const press of [() => page.getByRole("button", { name: "Format" }).click(), () => page.keyboard.press("Control+s")]) {
    await type(page, crooked);
    await press();
    await page.waitForFunction(() => sessionStorage.getItem("cachepolicy-text")?.includes("model  Article { id; slug }"));
  }
  await close();
});

test("a hundred thousand characters of junk do not freeze the page", async () => {
  const { page, close } = await open();
  await simulated(page);
  const junk = "}{ object ((( \"\u{1f600} 12xq <<>> @ view tt\n".repeat(2_500);
  await page.evaluate(() => {
    const longest = { task: 0 };
    Object.assign(window, { longest });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest.task = Math.max(longest.task, duration);
    }).observe({ type: "longtask" });
  });
  await type(page, junk);
  await page.locator('.problems[data-kind="bad"]').waitFor();
  await view(page, "graph");
  await page.getByText("its graph is drawn when they are mended").waitFor();
  const longest = await page.evaluate(() => (window as unknown as { longest: { task: number } }).longest.task);
  // Putting the text in is one task of the browser's; nothing of ours is near a second.
  assert.ok(longest < 1_000, `a task of ${longest} ms`);
  await close();
});
