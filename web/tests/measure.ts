// How fast the page is on this machine: `npm run measure`. Not a test, since it depends on what else the machine does.
import { test } from "node:test";
import { playground, simulated, type } from "./support/browser.ts";
import { policy } from "./support/cli.ts";

const { open } = playground();

function median(values: number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
}

function say(what: string, figure: number, unit: string, target: string): void {
  console.log(`${what}: ${figure.toFixed(figure < 10 ? 2 : 0)} ${unit} (wanted: ${target})`);
}

test("first paint", async () => {
  const paints: number[] = [];
  for (let round = 0; round < 5; round++) {
    const { page, close } = await open();
    await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length > 0);
    paints.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0));
    await close();
  }
  say("first contentful paint", median(paints), "ms", "under 500");
});

test("a keystroke to its diagnostics", async () => {
  const { page, close } = await open();
  await simulated(page);
  await type(page, `${policy("news")}${"\n# a line more".repeat(50)}\n`);
  await page.locator(".problems[data-kind=good]").waitFor();
  await page.evaluate(() => performance.clearMeasures());
  for (let round = 0; round < 30; round++) {
    await page.keyboard.type(round % 2 ? "a" : "#");
    await page.waitForTimeout(120);
  }
  const took = await page.evaluate(() => performance.getEntriesByName("text-analysed").map(({ duration }) => duration));
  say(`keystroke to diagnostics, 200 lines, median of ${took.length}`, median(took), "ms", "under 30");
  say("the slowest", Math.max(...took), "ms", "under 30");
  await close();
});

test("a million requests of the news site", async () => {
  const { page, close } = await open({ first: true });
  await simulated(page);
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(window, { tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
  });
  const took: number[] = [];
  let events = 0;
  for (let round = 0; round < 5; round++) {
    await page.getByRole("spinbutton", { name: "Seed" }).fill(String(round + 10));
    await page.keyboard.press("Enter");
    await page.locator("#progress[data-running]").waitFor({ state: "attached" });
    await simulated(page);
    const text = await page.locator("#progress-text").innerText();
    const [, size = "", unit = "", time = "", of = ""] = /([\d.]+)([kM]?) events in ([\d.]+) (m?s)/.exec(text) ?? [];
    events = Number(size) * ({ k: 1e3, M: 1e6 }[unit] ?? 1);
    took.push(((Number(time) * (of === "ms" ? 1e-3 : 1)) / events) * 1e6);
  }
  say(`a million events (of ${events} replayed), median of ${took.length}`, median(took), "s", "under 3");
  const tasks = await page.evaluate(() => (window as unknown as { tasks: number[] }).tasks);
  say(`longest task of the main thread meanwhile (${tasks.length} over 50 ms)`, Math.max(0, ...tasks), "ms", "under 50");
  await close();
});
