import type { Job, Outcome, Progress } from "../engine/face.ts";
import { Simulator, Stopped } from "../engine/simulation.ts";
import { Signal } from "./signal.ts";

/** How far a run is. */
export interface Running extends Progress {
  /** events a second, so far */
  rate: number;
}

/** Runs, one at a time, and what the last one came to. `Extra` is what who asked wants to find beside it. */
export class Runner<Extra> {
  readonly running = new Signal<Running | undefined>(undefined);
  readonly result = new Signal<{ outcome: Outcome; extra: Extra } | undefined>(undefined);
  /** Why there was no result, for people. */
  readonly problem = new Signal<string | undefined>(undefined);
  readonly simulator = new Simulator();

  async run(job: Job, extra: Extra): Promise<void> {
    const began = performance.now();
    const mine: Running[] = [];
    const show = (progress: Progress) => {
      const rate = progress.events / Math.max(0.001, (performance.now() - began) / 1000);
      mine[0] = { ...progress, rate };
      this.running.set(mine[0]);
    };
    const work = this.simulator.run(job, show);
    show({ events: 0, done: 0, simulated: 0 });
    try {
      const outcome = await work;
      this.problem.set(undefined);
      this.running.set(undefined);
      this.result.set({ outcome, extra });
    } catch (error) {
      if (this.running.value === mine[0]) this.running.set(undefined);
      if (error instanceof Stopped) return;
      this.problem.set(error instanceof Error ? error.message : String(error));
    }
  }

  stop(): void {
    this.simulator.stop();
    this.running.set(undefined);
  }
}
