// What a user of the package in Node does: `cargo xtask npm`, then `node crates/wasm/npm/test.mjs`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const root = new URL("../../../", import.meta.url);
const { Simulation, bounds, check, explainCode, format, graph, hover, witness } =
  createRequire(import.meta.url)(new URL("target/npm/node/cachepolicy.js", root).pathname);

const text = readFileSync(new URL("policies/django-tutorial.cachepolicy", root), "utf8");

const checked = check(text);
assert.ok(checked.errors > 0 && checked.outline, "what the analysis finds keeps nobody from looking at a policy");
assert.ok(checked.diagnostics.some((found) => found.code === "stampede-unprotected"));
assert.ok(checked.outline.knobs.some((knob) => text.slice(knob.from, knob.to) === knob.value));
assert.equal(check("view").outline, undefined);

assert.ok(JSON.parse(bounds(text)).bounds.length > 0);
assert.match(graph(text, 600).svg, /^<svg/);
assert.ok(witness(text).happenings.length > 0);
assert.equal(explainCode("no-such-code"), undefined);
assert.match(hover(text, text.indexOf("ttl") + 1).title, /^ttl/);
assert.throws(() => format("view {"), /error/);

const small = text.replace(/duration 1h/, "duration 30s").replace(/^  at \d+m .*\n/gm, "");
const simulation = new Simulation(small, { seed: 3 });
while (simulation.step(1_000)) assert.ok(simulation.progress().done <= 1);
const report = JSON.parse(simulation.report());
assert.equal(report.seed, 3);
assert.ok(report.requests.count > 0);
assert.match(simulation.html(), /<table>/);
simulation.free();

const log = new Uint8Array(readFileSync(new URL("tests/data/http/nasa_19950701.log.gz", root)));
const site = readFileSync(new URL("policies/anonymous-site.cachepolicy", root), "utf8");
const replay = new Simulation(site, { trace: log, traceName: "nasa.log.gz" });
while (replay.step(50_000));
assert.ok(JSON.parse(replay.report()).requests.count > 1_000);
assert.throws(() => new Simulation("view", {}), /error/);

console.log("the package works in Node");
