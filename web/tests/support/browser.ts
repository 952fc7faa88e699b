import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before } from "node:test";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { SMALL } from "./cli.ts";
import { serve } from "./server.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Longer than a simulation takes on a machine that does other things too; milliseconds. */
export const PATIENCE = 180_000;

export interface Opened {
  page: Page;
  context: BrowserContext;
  /** Ends the page, and says what the browser complained about. */
  close(): Promise<void>;
}

interface Wanted {
  width?: number;
  height?: number;
  scheme?: "light" | "dark";
  hash?: string;
  /** whether nothing is kept of a visit before: the news site as it is, and the first steps */
  first?: boolean;
  /** whether the first steps are shown all the same */
  steps?: boolean;
}

function executable(): string {
  const found = [process.env["CHROMIUM"], ...PLACES].find((path) => path !== undefined && existsSync(path));
  assert.ok(found, "Chromium is missing: `apt-get install chromium`, or name it in CHROMIUM");
  return found;
}

/** A browser and the page's server for the tests of one file. */
export function playground(): { open(wanted?: Wanted): Promise<Opened>; url(): string } {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serve>> | undefined;
  let url = process.env["PLAYGROUND"] ?? "";
  before(async () => {
    browser = await chromium.launch({ executablePath: executable(), args: process.getuid?.() === 0 ? ["--no-sandbox"] : [] });
    if (url === "") {
      server = await serve();
      ({ url } = server);
    }
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });
  return { url: () => url, open: (wanted = {}) => open(browser, url, wanted) };
}

async function open(browser: Browser, url: string, wanted: Wanted): Promise<Opened> {
  const { width = 1440, height = 900, scheme = "light", hash = "", first = false, steps = first } = wanted;
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, acceptDownloads: true });
  if (!first) {
    await context.addInitScript(
      ({ text, steps }) => {
        if (!steps) localStorage.setItem("cachepolicy-welcomed", "1");
        if (sessionStorage.getItem("cachepolicy-text") === null) sessionStorage.setItem("cachepolicy-text", text);
      },
      { text: SMALL, steps },
    );
  }
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE / 4);
  const complaints: string[] = [];
  const { origin } = new URL(url);
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (asked.origin !== origin && asked.protocol !== "blob:") complaints.push(`asked ${request.url()}`);
  });
  await page.goto(url + hash);
  const close = async () => {
    await context.close();
    assert.deepEqual(complaints, [], "the browser complained");
  };
  return { page, context, close };
}

/** Waits until what is asked for now has been simulated. */
export async function simulated(page: Page): Promise<void> {
  await page.locator("#progress:not([data-running])").waitFor({ state: "attached" });
  await page.getByText(/ events in [\d.]+ m?s/).waitFor({ timeout: PATIENCE });
}

/** Pastes a text in place of the policy. */
export async function type(page: Page, text: string, label = "Policy"): Promise<void> {
  const editor = page.getByRole("textbox", { name: label, exact: true });
  await editor.click();
  await page.keyboard.press("Control+a");
  await editor.evaluate((element, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
}

/** The policy's text. */
export async function text(page: Page): Promise<string> {
  return page.evaluate(() => sessionStorage.getItem("cachepolicy-text") ?? "");
}

/** Shows one of the views. */
export async function view(page: Page, name: string): Promise<void> {
  await page.locator(`[data-tab="${name}"]`).click();
}
