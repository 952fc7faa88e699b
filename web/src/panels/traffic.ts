import type { Session } from "../app/session.ts";
import { GREATEST_SEED, MOST_SEEDS } from "../app/share.ts";
import type { Signal } from "../app/signal.ts";
import { announce, toast } from "../ui/announce.ts";
import { byId, fill, h } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";
import { bytes, count, percent } from "../ui/units.ts";

const CHOOSE = "choose a log";
const LOG = "the log";
/** How often those who listen are told how far it is; a share of the whole. */
const TOLD = 0.25;

/** Opens the browser's own dialog for a file. */
export function chooseLog(): void {
  byId("log-file", HTMLInputElement).click();
}

/** Which traffic is simulated, run and stop, and how far it is. */
export function traffic(session: Session): void {
  const select = byId("workload", HTMLSelectElement);
  const offer = () => fillChoices(select, session);
  session.editor.checked.watch(offer);
  session.log.onChange(offer);
  session.workload.onChange(offer);
  select.addEventListener("change", () => {
    if (select.value === CHOOSE) {
      chooseLog();
      offer();
    } else if (select.value !== LOG) {
      session.log.set(undefined);
      session.workload.set(select.value.replace(/^workload /, ""));
    }
  });
  figure(byId("seed", HTMLInputElement), session.seed, 0, GREATEST_SEED);
  figure(byId("seeds", HTMLInputElement), session.seeds, 1, MOST_SEEDS);
  takeFiles(session);
  startAndStop(session);
}

/** A field with a whole number. */
function figure(field: HTMLInputElement, signal: Signal<number>, least: number, most: number): void {
  signal.watch((value) => {
    field.value = String(value);
  });
  const take = () => {
    signal.set(Math.min(most, Math.max(least, Math.trunc(field.valueAsNumber) || least)));
    field.value = String(signal.value);
  };
  field.addEventListener("change", take);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    // The button would stop what runs: who enters a figure wants to see what it gives.
    event.preventDefault();
    take();
  });
}

function fillChoices(select: HTMLSelectElement, session: Session): void {
  const log = session.log.value;
  const outline = session.editor.checked.value?.outline;
  const workloads = outline?.workloads ?? [];
  const options = workloads.map(({ name, requests }) =>
    h("option", { value: `workload ${name}` }, `${name} – about ${count(requests)} requests`),
  );
  if (log) options.push(h("option", { value: LOG }, `${log.name} – ${bytes(log.size)}`));
  if (options.length === 0) options.push(h("option", { value: "", disabled: true }, "none yet"));
  fill(select, ...options, h("option", { value: CHOOSE }, "your own access log…"));
  const chosen = session.workload.value ?? workloads[0]?.name ?? "";
  select.value = log ? LOG : workloads.some(({ name }) => name === chosen) ? `workload ${chosen}` : (options[0]?.value ?? "");
}

/** A log that is chosen or dropped. */
function takeFiles(session: Session): void {
  const input = byId("log-file", HTMLInputElement);
  const drop = byId("drop", HTMLElement);
  const take = (file: File | undefined | null) => {
    drop.hidden = true;
    if (!file) return;
    if (file.name.endsWith(".cachepolicy")) {
      void file.text().then((text) => session.editor.load(text));
      return;
    }
    session.log.set(file);
    toast(`${file.name} is read here, in your browser. It is sent nowhere.`);
  };
  input.addEventListener("change", () => {
    take(input.files?.[0]);
    input.value = "";
  });
  const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  window.addEventListener("dragover", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    drop.hidden = false;
  });
  window.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) drop.hidden = true;
  });
  window.addEventListener("drop", (event) => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    take(event.dataTransfer?.files[0]);
  });
}

function startAndStop(session: Session): void {
  const start = byId("start", HTMLButtonElement);
  const bar = byId("progress-bar", HTMLProgressElement);
  const text = byId("progress-text", HTMLElement);
  const place = byId("progress", HTMLElement);
  let told = 0;
  byId("run", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    if (session.runner.running.value) {
      session.stop();
      text.textContent = "stopped";
      announce("The simulation is stopped.");
    } else if (session.canRun) void session.run();
  });
  let busy: boolean | undefined;
  const enable = () => {
    start.disabled = !busy && !session.canRun;
  };
  session.editor.checked.watch(enable);
  session.log.onChange(enable);
  session.runner.running.watch((running) => {
    place.toggleAttribute("data-running", running !== undefined);
    if (busy !== (running !== undefined)) {
      busy = running !== undefined;
      fill(start, icon(busy ? "stop" : "play"), busy ? "Stop" : "Run");
      told = 0;
      enable();
    }
    if (!running) return;
    bar.value = running.done;
    text.textContent = `${percent(running.done)} · ${count(running.rate)} events/s`;
    if (running.done >= told + TOLD) {
      told = Math.floor(running.done / TOLD) * TOLD;
      announce(`Simulating: ${percent(running.done)}`);
    }
  });
  // What stands there is of a run of what is there now.
  const forget = () => {
    if (!busy) text.textContent = "";
  };
  for (const changed of [session.editor.text, session.seed, session.seeds, session.workload, session.log]) changed.onChange(forget);
  session.ran.onChange(() => {
    const outcome = session.runner.result.value?.outcome;
    if (!outcome) return;
    const took = outcome.took < 1 ? `${Math.round(outcome.took * 1000)} ms` : `${outcome.took.toFixed(1)} s`;
    bar.value = 1;
    text.textContent = `${count(outcome.events)} events in ${took}`;
  });
}
