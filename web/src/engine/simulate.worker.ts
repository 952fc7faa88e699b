/// <reference lib="webworker" />
import type { Job, Notice, Order, Outcome } from "./face.ts";
import { ready } from "./load.ts";
import { Comparison, Simulation } from "./pkg/cachepolicy.js";

/** How long one step should take, so that `stop` is heard and progress is shown; milliseconds. */
const SLICE = 40;
const FIRST_STEP = 2_000;

let wanted: number | undefined;
let kept: Simulation | undefined;

function say(notice: Notice): void {
  self.postMessage(notice);
}

/** Lets messages in. A timer would wait for 4 ms. */
function pause(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}

function begin(job: Job): Simulation | Comparison {
  const [text] = job.texts;
  return job.texts.length === 1 && text !== undefined
    ? new Simulation(text, job.options)
    : new Comparison(job.texts, job.names, job.options);
}

/** Replays until the end, or until somebody else is wanted; says how far it is. */
async function replay(run: Simulation | Comparison, id: number): Promise<boolean> {
  let events = FIRST_STEP;
  for (;;) {
    const before = performance.now();
    const more = run.step(events);
    const took = performance.now() - before;
    say({ kind: "progress", id, progress: run.progress() });
    if (!more) return true;
    events = Math.max(200, Math.round(events * Math.min(4, SLICE / Math.max(took, 1))));
    await pause();
    if (wanted !== id) return false;
  }
}

function outcome(run: Simulation | Comparison, began: number): Outcome {
  const happenings = run instanceof Simulation ? run.happenings() : [];
  const { events } = run.progress();
  const took = (performance.now() - began) / 1000;
  return { report: run.report(), html: run.html(), happenings, events, took };
}

async function start(id: number, job: Job): Promise<void> {
  wanted = id;
  await ready;
  if (wanted !== id) return say({ kind: "stopped", id });
  kept?.free();
  kept = undefined;
  const began = performance.now();
  const run = begin(job);
  let keep = false;
  try {
    if (!(await replay(run, id))) return say({ kind: "stopped", id });
    say({ kind: "done", id, outcome: outcome(run, began) });
    if (run instanceof Simulation && wanted === id) {
      kept = run;
      keep = true;
    }
  } finally {
    if (!keep) run.free();
  }
}

self.addEventListener("message", async (event: MessageEvent<Order>) => {
  const order = event.data;
  try {
    if (order.kind === "start") await start(order.id, order.job);
    else if (order.kind === "stop" && wanted === order.id) wanted = undefined;
    else if (order.kind === "page") {
      if (!kept) throw new Error("there is no finished run to export");
      say({ kind: "page", id: order.id, page: kept.page() });
    }
  } catch (error) {
    say({ kind: "failed", id: order.id, error: error instanceof Error ? error.message : String(error) });
  }
});
