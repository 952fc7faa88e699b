import type { Analysed } from "../engine/face.ts";
import { language } from "../engine/language.ts";

interface Listener {
  analysed(analysed: Analysed, kinds: readonly string[]): void;
  failed(message: string): void;
}

const kinds = language.ask("tokenKinds");

/**
 * Has texts coloured and checked. One text is with the worker at a time; of those that come meanwhile only the last
 * one is asked about, so that a slow answer makes no queue, and what is shown is never of another text.
 */
export class Analysis {
  readonly #listener: Listener;
  #wanted: string | undefined;
  #busy = false;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  want(text: string): void {
    performance.mark("text-changed");
    this.#wanted = text;
    if (!this.#busy) void this.#work();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#wanted !== undefined) {
      const text = this.#wanted;
      const current = () => this.#wanted === text;
      try {
        const [analysed, names] = await Promise.all([language.ask("analyse", text), kinds]);
        if (current()) {
          this.#listener.analysed(analysed, names);
          performance.measure("text-analysed", "text-changed");
        }
      } catch (error) {
        if (current()) this.#listener.failed(error instanceof Error ? error.message : String(error));
      }
      if (current()) this.#wanted = undefined;
    }
    this.#busy = false;
  }
}
