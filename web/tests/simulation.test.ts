import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { PATIENCE, playground, simulated, type, view } from "./support/browser.ts";
import { cachepolicy, policy, ROOT, SMALL } from "./support/cli.ts";

const { open } = playground();

async function exported(page: Page, as: "HTML" | "JSON"): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: `as ${as}` }).click(),
  ]);
  return readFileSync(await download.path(), "utf8");
}

async function example(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "Examples" }).click();
  await page.locator(`[data-example="${name}"]`).click();
}

/** Its file's name in reports is part of them. */
function fileIn(report: string): string {
  const { expectations } = JSON.parse(report) as { expectations: { file: string }[] };
  return expectations[0]?.file ?? "policy.cachepolicy";
}

/** The report of a run of this policy with this seed, when it is there. */
async function reportOf(page: Page, name: string, seed: number): Promise<string> {
  for (let tries = 0; tries < 300; tries++) {
    await simulated(page);
    const report = await exported(page, "JSON");
    const said = JSON.parse(report) as { seed: number; policy: { name: string } };
    if (said.seed === seed && said.policy.name === name) return report;
    await page.waitForTimeout(200);
  }
  assert.fail(`there is no report of ${name} with seed ${seed}`);
}

test("the report is that of the command line, byte for byte", async () => {
  const { page, close } = await open();
  for (const [name, seed] of [["django-tutorial", 0], ["django-mended", 3], ["news", 7]] as const) {
    await example(page, name);
    const declared = /^policy (\w+)/m.exec(policy(name))?.[1] ?? name;
    await page.locator("#policy-name", { hasText: new RegExp(`^${declared}$`) }).waitFor();
    await page.getByRole("spinbutton", { name: "Seed" }).fill(String(seed));
    await page.keyboard.press("Enter");
    const report = await reportOf(page, declared, seed);
    const said = cachepolicy("simulate", fileIn(report), policy(name), "--format", "json", "--seed", String(seed));
    assert.ok(report.trimEnd() === said.trimEnd(), `${name} with seed ${seed} differs`);
  }
  await close();
});

test("several seeds give means with their intervals, to the byte as the command line does", async () => {
  const { page, close } = await open();
  await simulated(page);
  await page.getByRole("spinbutton", { name: "Runs" }).fill("3");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#results .report")?.textContent?.includes("3 seeds"));
  await simulated(page);
  const report = await exported(page, "JSON");
  const said = cachepolicy("simulate", fileIn(report), SMALL, "--format", "json", "--seeds", "3");
  assert.equal(report, said);
  await close();
});

test("each example is simulated, or says what it needs", async () => {
  const { page, close } = await open();
  await page.getByRole("button", { name: "Examples" }).click();
  const names = await page.locator("[data-example]").evaluateAll((cards) => cards.map((card) => card.getAttribute("data-example") ?? ""));
  await page.keyboard.press("Escape");
  assert.ok(names.length >= 5);
  for (const name of names) {
    await example(page, name);
    await page.waitForFunction((name) => sessionStorage.getItem("cachepolicy-text")?.includes(`policy ${name}`), policy(name).match(/^policy (\w+)/m)?.[1] ?? "");
    if (/^workload/m.test(policy(name))) await simulated(page);
    else await page.getByText("There is nothing to simulate yet").waitFor();
  }
  await close();
});

test("an access log is replayed in the page", async () => {
  const { page, close } = await open();
  await example(page, "anonymous-site");
  const log = "nasa_19950701.log.gz";
  await page.locator("#log-file").setInputFiles(join(ROOT, "tests/data/http", log));
  await page.getByText("It is sent nowhere").first().waitFor();
  await page.locator("#results h2").getByText(log).waitFor({ timeout: PATIENCE });
  await simulated(page);
  const report = await exported(page, "JSON");
  const said = cachepolicy("simulate", fileIn(report), policy("anonymous-site"), "--format", "json", "--trace", join(ROOT, "tests/data/http", log));
  assert.equal(report, said);
  await close();
});

test("an example that is opened after a log is simulated with its own workload", async () => {
  const { page, close } = await open();
  await example(page, "django-mended");
  await page.locator("#results h2").getByText("workload busy").waitFor({ timeout: PATIENCE });
  await page.locator("#log-file").setInputFiles(join(ROOT, "tests/data/http/nginx_json.log.gz"));
  await page.locator("#results h2").getByText("nginx_json").waitFor({ timeout: PATIENCE });
  // A long text, which is checked when the run would have begun.
  await example(page, "news");
  await page.locator("#results h2").getByText("workload weekday").waitFor({ timeout: PATIENCE });
  assert.equal(await page.getByText("could not be done").count(), 0);
  await close();
});

test("a run can be stopped, and run again", async () => {
  const { page, close } = await open();
  await simulated(page);
  // So long that it is still running when somebody presses the button, on however quick a machine.
  await type(page, SMALL.replace("duration 2m", "duration 24h"));
  await page.getByRole("button", { name: "Stop" }).click({ timeout: PATIENCE });
  await page.getByText("stopped", { exact: true }).waitFor();
  await type(page, SMALL);
  await simulated(page);
  await close();
});

test("a report is exported as a page that needs nothing else", async () => {
  const { page, context, close } = await open();
  await simulated(page);
  const html = await exported(page, "HTML");
  assert.match(html, /^<!doctype html>/i);
  assert.doesNotMatch(html, /(?:src|href)="(?!#|data:)/);
  const alone = await context.newPage();
  await alone.setContent(html);
  assert.match(await alone.locator("body").innerText(), /news/);
  await close();
});

test("a knob writes its number into the text, and the run follows", async () => {
  const { page, close } = await open();
  await simulated(page);
  await page.getByText("Turn the knobs").click();
  const knob = page.getByRole("slider", { name: "public.ttl" });
  await knob.focus();
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => /ttl\s+45s/.test(sessionStorage.getItem("cachepolicy-text") ?? ""));
  await page.locator("#results .change").first().waitFor();
  assert.equal(await knob.getAttribute("aria-valuetext"), "45s");
  await close();
});

test("a claim has its verdict beside it, and leads to its line", async () => {
  const { page, close } = await open();
  await simulated(page);
  const place = page.locator("#results [data-line]").first();
  await place.click();
  await page.locator(".cm-line.flash").waitFor();
  await page.locator(".verdict").first().waitFor();
  await view(page, "proofs");
  await page.getByRole("columnheader", { name: "Seen: at most" }).waitFor();
  await close();
});
