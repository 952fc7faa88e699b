// Runs the guest in WebAssembly: node replay.mjs MODULE CASES OUTCOMES
//
// CASES has one case a line: the path of a trace or nothing, a tab, and what the guest reads. OUTCOMES
// gets the bytes that came of each, behind their length in four bytes, little-endian.

import { closeSync, openSync, readFileSync, writeSync } from "node:fs";

const [modulePath, casesPath, outcomesPath] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(modulePath));
const imports = WebAssembly.Module.imports(module);
if (imports.length > 0) {
  throw new Error(`the guest asks for ${JSON.stringify(imports)}: pure code needs nothing of its host`);
}

const traces = new Map();
function trace(path) {
  if (path === "") return new Uint8Array();
  if (!traces.has(path)) traces.set(path, readFileSync(path));
  return traces.get(path);
}

function output(guest) {
  const address = guest.output_address();
  return new Uint8Array(guest.memory.buffer, address, guest.output_length());
}

function run(path, replayed) {
  // Each in a memory of its own.
  const guest = new WebAssembly.Instance(module).exports;
  const line = new TextEncoder().encode(`${replayed}\n`);
  const events = trace(path);
  const address = guest.input_address(line.length + events.length);
  const input = new Uint8Array(guest.memory.buffer, address, line.length + events.length);
  input.set(line);
  input.set(events, line.length);
  try {
    guest.replay();
  } catch (error) {
    const message = new TextDecoder().decode(output(guest));
    return new TextEncoder().encode(`trap: ${error.message}: ${message}`);
  }
  return output(guest);
}

const outcomes = openSync(outcomesPath, "w");
for (const line of readFileSync(casesPath, "utf8").split("\n")) {
  if (line === "") continue;
  const tab = line.indexOf("\t");
  const outcome = run(line.slice(0, tab), line.slice(tab + 1));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(outcome.length);
  writeSync(outcomes, length);
  writeSync(outcomes, outcome);
}
closeSync(outcomes);
