import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { DIST } from "./support/server.ts";

/** All that is transferred, compressed; bytes. See docs/playground.md. */
const MOST = 1_180_000;

function files(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? files(path) : [path];
  });
}

test("the page is small", () => {
  const sizes = files(DIST).map((path) => gzipSync(readFileSync(path), { level: 9 }).length);
  const sum = sizes.reduce((all, size) => all + size, 0);
  console.log(`all of the page: ${(sum / 1000).toFixed(0)} kB compressed`);
  assert.ok(sum < MOST, `${sum} bytes`);
});

test("its security policy lets nothing in", () => {
  const page = readFileSync(join(DIST, "index.html"), "utf8");
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1]?.replaceAll("&#39;", "'") ?? "";
  assert.match(policy, /default-src 'none'/);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|https?:|\*/);
  assert.doesNotMatch(page, /<style|<script(?![^>]*\bsrc=)| style=| on\w+=/);
});
