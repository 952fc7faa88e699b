import assert from "node:assert/strict";
import { test } from "node:test";
import { playground, simulated, text, type, view } from "./support/browser.ts";
import { SMALL } from "./support/cli.ts";

const { open } = playground();

test("the graph leads to the text, and the text to the graph", async () => {
  const { page, close } = await open();
  await view(page, "graph");
  await page.locator("g.node[data-name=Article]").click();
  await page.locator(".cm-line.flash", { hasText: "model Article" }).waitFor();
  await page.locator(".graph-words", { hasText: "article_page" }).waitFor();
  assert.ok((await page.locator(".edge[data-near]").count()) > 3);
  await page.locator(".cm-line", { hasText: "object top_authors" }).click();
  await page.locator("g.node[data-name=top_authors][data-present]").waitFor();
  await close();
});

test("the graph is moved by keys, and its nodes are reached by them", async () => {
  const { page, close } = await open();
  await view(page, "graph");
  const svg = page.locator(".canvas > svg");
  await svg.waitFor();
  await page.locator(".canvas").focus();
  const before = await svg.getAttribute("viewBox");
  await page.keyboard.press("+");
  const larger = await svg.getAttribute("viewBox");
  await page.keyboard.press("ArrowRight");
  const moved = await svg.getAttribute("viewBox");
  assert.equal(new Set([before, larger, moved]).size, 3);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.locator("g.node[aria-pressed=true]").waitFor();
  await close();
});

test("the graph is read without zooming, on a narrow screen too", async () => {
  for (const width of [1440, 390]) {
    const { page, close } = await open({ width });
    await view(page, "graph");
    await page.locator("g.node").first().waitFor();
    const smallest = await page.evaluate(() => {
      const svg = document.querySelector<SVGSVGElement>(".canvas > svg");
      if (!svg) return 0;
      const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
      return Math.min(...[...svg.querySelectorAll("text")].map((text) => parseFloat(getComputedStyle(text).fontSize) * scale));
    });
    assert.ok(smallest >= 11, `${smallest} px at ${width}`);
    const outside = await page.evaluate(() =>
      [...document.querySelectorAll("g.node text")].flatMap((text) => {
        const box = text.parentElement?.querySelector("rect")?.getBoundingClientRect();
        return box && text.getBoundingClientRect().right <= box.right ? [] : [text.textContent];
      }),
    );
    assert.deepEqual(outside, [], "words do not fit into their boxes");
    await close();
  }
});

test("the worst case is stepped through by keys", async () => {
  const { page, close } = await open();
  await view(page, "proofs");
  await page.getByRole("button", { name: "Show it" }).first().click();
  const list = page.getByRole("listbox", { name: /What happens/ });
  await list.waitFor();
  await page.locator(".now .said.bad").waitFor();
  await list.focus();
  await page.keyboard.press("Home");
  await page.getByText(/^1 of \d+$/).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.getByText(/^2 of \d+$/).waitFor();
  await page.keyboard.press("h");
  await page.locator(".now .said.bad").waitFor();
  assert.ok((await page.locator(".copies li").count()) > 0);
  await close();
});

test("any window of the run is stepped through", async () => {
  const { page, close } = await open();
  await simulated(page);
  await view(page, "timeline");
  await page.getByLabel("or the run, from (s)").fill("10");
  await page.getByLabel("for (s)", { exact: true }).fill("0.2");
  await page.getByRole("button", { name: "Step through it" }).click();
  await page.getByRole("heading", { name: "The run from 10 s to 10.2 s" }).waitFor();
  const times = await page.locator(".happenings time").allInnerTexts();
  assert.ok(times.length > 10);
  assert.ok(times.every((time) => time >= "00:10" && time <= "00:10.21"));
  await close();
});

test("two policies are compared, and the other one can be taken over", async () => {
  const { page, close } = await open();
  await simulated(page);
  await view(page, "compare");
  await page.getByRole("button", { name: "Change a copy of it" }).click();
  await page.getByText("Both policies are the same, so far").waitFor();
  const knob = page.locator("#compare").getByRole("slider", { name: "public.ttl" });
  await knob.focus();
  await page.keyboard.press("ArrowLeft");
  await page.locator("#compare .comparison table").first().waitFor();
  await page.getByRole("button", { name: "Take it over" }).click();
  await page.waitForFunction((old) => sessionStorage.getItem("cachepolicy-text") !== old, SMALL);
  assert.match(await text(page), /site public \{[^}]*ttl\s+20s/);
  await close();
});

test("each of ten mistakes is shown, and mended", async () => {
  const { page, close } = await open();
  await page.getByRole("button", { name: "Examples" }).click();
  const codes = await page.locator("[data-mistake]").evaluateAll((found) => found.map((one) => one.getAttribute("data-mistake") ?? ""));
  assert.equal(codes.length, 10);
  await page.locator("[data-mistake]").first().click();
  for (const [at, code] of codes.entries()) {
    await page.locator("#story", { hasText: `${at + 1} of 10` }).waitFor();
    const problem = page.locator(`.problems button[title="${code}"]`).first();
    await problem.waitFor({ state: "attached" });
    await page.locator(".cm-lintRange").first().waitFor();
    if (at < 8) await page.locator(".now .said.bad").waitFor();
    await page.getByRole("button", { name: "Mend it" }).click();
    await problem.waitFor({ state: "detached" });
    await page.locator(".problems[data-kind=good]").waitFor();
    await page.getByRole("button", { name: "Next mistake" }).click();
  }
  await close();
});

test("what happens to a request is said", async () => {
  const { page, close } = await open();
  await view(page, "request");
  await page.locator(".answer", { hasText: "view homepage" }).waitFor();
  await page.getByLabel("Address").fill("/articles/x");
  await page.keyboard.press("Enter");
  await page.locator(".answer", { hasText: "article_page" }).waitFor();
  await page.getByLabel("Or a write").fill("Article update slug=x");
  await page.keyboard.press("Enter");
  await page.locator(".answer", { hasText: "purge" }).waitFor();
  await close();
});

test("a policy without a workload gets one", async () => {
  const { page, close } = await open();
  await simulated(page);
  await type(page, 'policy shop { edition 1 }\nobject a(x) { store shared; ttl 1m; cost 5ms on db }\nview page(x) { route GET "/a/{x}"; contains a(x) }\norigin db { slots 4 }\nbackend shared redis { capacity 1MiB }\n');
  await page.getByRole("button", { name: "Add one that asks for each page" }).click();
  await page.waitForFunction(() => sessionStorage.getItem("cachepolicy-text")?.includes("workload tried"));
  await page.locator(".tiles").waitFor();
  await page.locator(".problems[data-kind=good]").waitFor();
  await close();
});
