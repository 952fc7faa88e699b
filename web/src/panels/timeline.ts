import { Runner } from "../app/runner.ts";
import type { Session } from "../app/session.ts";
import type { Witness } from "../engine/face.ts";
import { language } from "../engine/language.ts";
import { announce } from "../ui/announce.ts";
import { button, fill, h, prose } from "../ui/dom.ts";
import { download } from "../ui/download.ts";
import { percent, plural } from "../ui/units.ts";
import { Stepper } from "./stepper.ts";

const WORST = "the worst of all";
/** As many as one can step through. */
const MOST = 2_000;

/** What happens event by event: the worst case as a story, or a window of the run. */
export class Timeline {
  readonly #session: Session;
  readonly #stepper = new Stepper();
  readonly #which = h("select", { "aria-label": "What to step through" });
  readonly #from = h("input", { type: "number", min: 0, step: "any", value: 0 });
  readonly #length = h("input", { type: "number", min: 0.001, step: "any", value: 1 });
  readonly #title = h("h2", {});
  readonly #lead = h("p", { class: "lead" });
  readonly #empty = h("p", { class: "empty" });
  readonly #window = new Runner<{ from: number; to: number }>();
  #shown = false;
  /** The text whose worst case is shown. */
  #of: string | undefined;
  /** Of questions that overtake each other only the last is answered. */
  #asked = 0;

  constructor(panel: HTMLElement, session: Session) {
    this.#session = session;
    const window = h(
      "form",
      { class: "window", "aria-label": "A window of the run" },
      h("label", { class: "field" }, h("span", {}, "or the run, from (s)"), this.#from),
      h("label", { class: "field" }, h("span", {}, "for (s)"), this.#length),
      h("button", { type: "submit", class: "quiet" }, "Step through it"),
    );
    window.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#replay();
    });
    const choose = h("label", { class: "field" }, h("span", {}, "The worst that can happen to"), this.#which);
    fill(panel, h("div", { class: "choose" }, choose, window), this.#title, this.#lead, this.#empty, this.#stepper.element);
    this.#which.addEventListener("change", () => void this.#witness());
    session.editor.checked.watch(() => this.#offer());
    this.#window.running.onChange((running) => {
      if (running) this.#say(`Replaying up to the window: ${percent(running.done)}`);
    });
    this.#window.problem.onChange((problem) => {
      if (problem) this.#say(problem);
    });
    this.#window.result.onChange((result) => {
      if (result) this.#showWindow();
    });
  }

  set shown(shown: boolean) {
    this.#shown = shown;
    if (shown) this.#offer();
  }

  /** Plays the worst that can happen to this level after a write of this model. */
  play(level: string | undefined, model: string | undefined): void {
    this.#offer();
    this.#which.value = level === undefined ? WORST : JSON.stringify([level, model]);
    void this.#witness().then(() => this.#stepper.focus());
  }

  #offer(): void {
    const levels = this.#session.editor.checked.value?.outline?.levels ?? [];
    const kept = this.#which.value || WORST;
    const options = levels.flatMap(({ name, models }) =>
      models.map((model) => h("option", { value: JSON.stringify([name, model]) }, `${name} after a write of ${model}`)),
    );
    fill(this.#which, h("option", { value: WORST }, "anybody"), ...options);
    this.#which.value = kept;
    if (this.#which.selectedIndex < 0) this.#which.value = WORST;
    if (this.#shown && this.#of !== this.#session.editor.text.value) void this.#witness();
  }

  #say(text: string): void {
    this.#empty.textContent = text;
    this.#empty.hidden = false;
    this.#stepper.element.hidden = true;
    fill(this.#lead);
    fill(this.#title);
    announce(text);
  }

  async #witness(): Promise<void> {
    const text = this.#session.editor.text.value;
    if (!this.#session.editor.checked.value) return;
    this.#of = text;
    const asked = ++this.#asked;
    this.#say("Looking for the worst that can happen…");
    const chosen = this.#which.value === WORST ? [] : (JSON.parse(this.#which.value) as [string, string]);
    try {
      const found = await language.ask("witness", text, ...chosen);
      if (asked !== this.#asked || text !== this.#session.editor.text.value) return;
      if (found) this.#tell(found);
      else this.#say("No schedule of requests and writes makes an answer of this old, as far as the policy says. Choose another, or step through a window of the run.");
    } catch (error) {
      this.#say(error instanceof Error ? error.message : String(error));
    }
  }

  #tell(witness: Witness): void {
    this.#empty.hidden = true;
    this.#stepper.element.hidden = false;
    fill(this.#title, prose(witness.title));
    const trace = button("Download the trace", () => download("worst.jsonl", "application/jsonl", witness.trace), { class: "link" });
    const told = [witness.path, witness.summary].filter((part) => part !== "").map((part) => `${part.replace(/\.$/, "")}. `);
    fill(this.#lead, ...told.map(prose), trace);
    this.#stepper.show(witness.happenings, "harm");
  }

  async #replay(): Promise<void> {
    const from = Math.max(0, this.#from.valueAsNumber || 0);
    const to = from + Math.max(0.001, this.#length.valueAsNumber || 1);
    if (!this.#session.canRun) return this.#say("There is no run to look into: the policy has no workload.");
    // A worst case that is still looked for does not come in its place.
    this.#asked++;
    // What happens is shown of the first run.
    const { seeds: _seeds, ...once } = await this.#session.options();
    const options = { ...once, window: { from, to, most: MOST } };
    const job = { texts: [this.#session.editor.text.value], names: [this.#session.name], options };
    await this.#window.run(job, { from, to });
  }

  #showWindow(): void {
    const result = this.#window.result.value;
    if (!result) return;
    const { happenings } = result.outcome;
    const { from, to } = result.extra;
    if (happenings.length === 0) return this.#say(`Nothing happens between ${from} s and ${to} s of this run.`);
    this.#empty.hidden = true;
    this.#stepper.element.hidden = false;
    fill(this.#title, `The run from ${from} s to ${to} s`);
    const all = happenings.length < MOST ? "" : ` These are the first ${MOST}: take a shorter window for all.`;
    fill(this.#lead, `${plural(happenings.length, "event")}.${all}`);
    this.#stepper.show(happenings, "start");
    this.#stepper.focus();
  }
}
