import type { Job, Notice, Order, Outcome, Progress } from "./face.ts";

/** Why a run has no outcome though nothing is wrong: somebody stopped it, or began another. */
export class Stopped extends Error {}

interface Waiting {
  progress(progress: Progress): void;
  done(outcome: Outcome): void;
  page(page: string): void;
  fail(error: Error): void;
}

/** One worker that replays, one run at a time: a new run ends the one before. */
export class Simulator {
  readonly #worker = new Worker(new URL("./simulate.worker.ts", import.meta.url), { type: "module" });
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #current: number | undefined;

  constructor() {
    this.#worker.addEventListener("message", (event: MessageEvent<Notice>) => this.#hear(event.data));
    this.#worker.addEventListener("error", (event) => {
      for (const waiting of this.#waiting.values()) waiting.fail(new Error(event.message || "the engine failed"));
      this.#waiting.clear();
    });
  }

  /** Replays; rejects with `Stopped`, or with a message for people. */
  run(job: Job, progress: (progress: Progress) => void): Promise<Outcome> {
    this.stop();
    const id = this.#next++;
    this.#current = id;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { progress, done: resolve, page: () => {}, fail: reject });
      this.#send({ kind: "start", id, job });
    });
  }

  /** Ends what is running, if anything is. */
  stop(): void {
    if (this.#current === undefined) return;
    this.#send({ kind: "stop", id: this.#current });
    this.#waiting.get(this.#current)?.fail(new Stopped());
    this.#waiting.delete(this.#current);
    this.#current = undefined;
  }

  /** The last run's report as a page that stands alone. */
  page(): Promise<string> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { progress: () => {}, done: () => {}, page: resolve, fail: reject });
      this.#send({ kind: "page", id });
    });
  }

  #send(order: Order): void {
    this.#worker.postMessage(order);
  }

  #hear(notice: Notice): void {
    const waiting = this.#waiting.get(notice.id);
    if (notice.kind === "progress") return waiting?.progress(notice.progress);
    this.#waiting.delete(notice.id);
    if (this.#current === notice.id) this.#current = undefined;
    if (notice.kind === "done") waiting?.done(notice.outcome);
    else if (notice.kind === "page") waiting?.page(notice.page);
    else if (notice.kind === "failed") waiting?.fail(new Error(notice.error));
    else waiting?.fail(new Stopped());
  }
}
