import type { PolicyEditor } from "../editor/editor.ts";
import type { Job, SimulationOptions } from "../engine/face.ts";
import { readReport, type Report } from "../engine/report.ts";
import { Runner } from "./runner.ts";
import { Signal } from "./signal.ts";

export type View = "policy" | "results" | "graph" | "proofs" | "timeline" | "compare" | "request";

/** Above this size a log is replayed when it is asked for, not at each pause in typing; bytes. */
const LARGE_LOG = 8 << 20;
/** How long nobody has typed before a policy is simulated; milliseconds. */
const PAUSE = 500;
/** The same where a slider was moved: who drags one waits for what it does. */
const EAGER = 60;

/** What a run was of. */
export interface Ran {
  text: string;
  options: SimulationOptions;
  report: Report;
}

/** The policy, what it is tried on, and what came of it: what the panels share. */
export class Session {
  readonly editor: PolicyEditor;
  /** By name; undefined for the first one of the file. */
  readonly workload = new Signal<string | undefined>(undefined);
  readonly seed = new Signal(0);
  /** With how many it is replayed, from that one on. */
  readonly seeds = new Signal(1);
  /** An access log in place of a workload. It never leaves the page. */
  readonly log = new Signal<File | undefined>(undefined);
  readonly runner = new Runner<{ text: string; options: SimulationOptions }>();
  readonly ran = new Signal<Ran | undefined>(undefined);
  /** The run before the last, if it was of the same traffic: to say what has changed. */
  readonly before = new Signal<Ran | undefined>(undefined);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #simulated: string | undefined;
  #eager = false;

  constructor(editor: PolicyEditor) {
    this.editor = editor;
    this.runner.result.onChange((result) => {
      if (!result) return;
      const ran = { ...result.extra, report: readReport(result.outcome.report) };
      const last = this.ran.value;
      this.before.set(last && sameTraffic(last.options, ran.options) ? last : undefined);
      this.ran.set(ran);
    });
    editor.checked.onChange(() => {
      this.soon(this.#eager ? EAGER : PAUSE);
      this.#eager = false;
    });
    this.workload.onChange(() => this.soon(0));
    this.seed.onChange(() => this.soon(0));
    this.seeds.onChange(() => this.soon(0));
    this.log.onChange(() => this.soon(0));
  }

  /** The names of what can be simulated. */
  get workloads(): string[] {
    return this.editor.checked.value?.outline?.workloads.map(({ name }) => name) ?? [];
  }

  /** Whether there is anything to replay. */
  get canRun(): boolean {
    return this.log.value !== undefined || this.workloads.length > 0;
  }

  /** What to replay, but for the texts. */
  async options(): Promise<SimulationOptions> {
    const log = this.log.value;
    const seeds = this.seeds.value > 1 ? { seeds: this.seeds.value } : {};
    const common = { name: this.file, seed: this.seed.value, ...seeds };
    if (log) return { ...common, trace: new Uint8Array(await log.arrayBuffer()), traceName: log.name };
    const names = this.workloads;
    const workload = names.find((name) => name === this.workload.value) ?? names[0];
    return workload === undefined ? common : { ...common, workload };
  }

  /** Simulates when nobody has typed for a moment, if it would say anything new. */
  soon(wait = PAUSE): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const large = (this.log.value?.size ?? 0) > LARGE_LOG && wait > 0;
      const known = this.#simulated === this.#wanted();
      // Which workloads there are is not known before the text is checked; then it is simulated.
      const checked = this.editor.isChecked && this.editor.checked.value?.outline;
      if (!large && !known && this.canRun && checked) void this.run();
    }, wait);
  }

  /** The next change of the text is simulated without waiting for more typing. */
  hurry(): void {
    this.#eager = true;
  }

  async run(): Promise<void> {
    clearTimeout(this.#timer);
    const text = this.editor.text.value;
    this.#simulated = this.editor.isChecked ? this.#wanted() : undefined;
    const options = await this.options();
    const job: Job = { texts: [text], names: [this.name], options };
    const { trace: _trace, ...kept } = options;
    await this.runner.run(job, { text, options: kept });
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.runner.stop();
  }

  get name(): string {
    return this.editor.checked.value?.outline?.policy ?? "policy";
  }

  /** As reports name the policy's file. */
  get file(): string {
    return `${this.name}.cachepolicy`;
  }

  #wanted(): string {
    const log = this.log.value;
    const traffic = log ? [log.name, log.size, log.lastModified] : [this.workload.value];
    return JSON.stringify([this.editor.text.value, this.seed.value, this.seeds.value, traffic]);
  }
}

function sameTraffic(one: SimulationOptions, other: SimulationOptions): boolean {
  return one.workload === other.workload && one.traceName === other.traceName && one.seed === other.seed && one.seeds === other.seeds;
}
