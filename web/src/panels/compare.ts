import { Runner } from "../app/runner.ts";
import type { Session } from "../app/session.ts";
import { PolicyEditor } from "../editor/editor.ts";
import { readComparison } from "../engine/report.ts";
import { announce, toast } from "../ui/announce.ts";
import { button, fill, h } from "../ui/dom.ts";
import { percent, plural } from "../ui/units.ts";
import { colourSigns } from "./links.ts";
import { Knobs } from "./knobs.ts";

const PAUSE = 600;

/** A second policy beside the first, on the same traffic: what differs, first. */
export class Compare {
  readonly #session: Session;
  readonly #panel: HTMLElement;
  readonly #why: (code: string) => void;
  readonly #runner = new Runner<string>();
  readonly #notice = h("p", { class: "notice", hidden: true });
  readonly #status = h("p", { class: "soft status" });
  readonly #body = h("div", { class: "report comparison" });
  #editor: PolicyEditor | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #shown = false;
  #known = "";
  #eager = false;

  constructor(panel: HTMLElement, session: Session, why: (code: string) => void) {
    this.#panel = panel;
    this.#session = session;
    this.#why = why;
    this.#invite();
    session.ran.onChange(() => this.#soon(0));
    this.#runner.running.onChange((running) => {
      this.#body.toggleAttribute("data-old", running !== undefined);
      this.#status.textContent = running ? `Replaying both: ${percent(running.done)}` : "";
    });
    this.#runner.problem.onChange((problem) => this.#complain(problem));
    this.#runner.result.onChange((result) => {
      if (!result) return;
      this.#complain(undefined);
      this.#body.innerHTML = result.outcome.html;
      colourSigns(this.#body);
      const { differences } = readComparison(result.outcome.report);
      announce(`The comparison is done: ${plural(differences.length, "figure differs", "figures differ")}.`);
    });
  }

  /** The other text, if there is one. */
  get text(): string | undefined {
    return this.#editor?.text.value;
  }

  set shown(shown: boolean) {
    this.#shown = shown;
    this.#soon(0);
  }

  #invite(): void {
    fill(
      this.#panel,
      h(
        "div",
        { class: "invite" },
        h("h2", {}, "What would a change do?"),
        h(
          "p",
          {},
          "Change a copy of the policy, or turn its knobs, and see what differs on the same traffic: the greatest differences first.",
        ),
        button("Change a copy of it", () => this.open(this.#session.editor.text.value), { class: "primary" }),
      ),
    );
  }

  /** Begins with this text as the other one. */
  open(text: string): void {
    if (this.#editor) {
      this.#editor.load(text);
      return;
    }
    const host = h("div", { class: "code other" });
    this.#layOut(host);
    const editor = new PolicyEditor(host, { label: "The other policy", text, why: this.#why, complain: toast });
    this.#editor = editor;
    const knobs = new Knobs(editor, () => {
      this.#eager = true;
    });
    this.#panel.querySelector(".other-knobs")?.append(knobs.element);
    editor.checked.onChange(() => {
      this.#soon(this.#eager ? 60 : PAUSE);
      this.#eager = false;
    });
    this.#soon(0);
  }

  #layOut(host: HTMLElement): void {
    const bar = h(
      "div",
      { class: "bar" },
      h("h2", {}, "The other policy"),
      h("span", { class: "spacer" }),
      button("Start again from the first", () => this.#editor?.load(this.#session.editor.text.value), { class: "quiet small" }),
      button("Take it over", () => this.#take(), { class: "quiet small", title: "Puts this text in place of the first" }),
    );
    const text = h("details", { class: "turn", open: true }, h("summary", {}, "Its text"), host);
    const knobs = h("details", { class: "turn other-knobs", open: true }, h("summary", {}, "Its knobs"));
    fill(this.#panel, bar, h("div", { class: "other-columns" }, text, knobs), this.#notice, this.#status, this.#body);
  }

  #take(): void {
    if (!this.#editor) return;
    this.#session.editor.replace(this.#editor.text.value);
    toast("The first policy is now this one. Undo in its editor brings the old one back.");
  }

  #complain(problem: string | undefined): void {
    this.#notice.textContent = problem ?? "";
    this.#notice.hidden = problem === undefined;
  }

  #soon(wait: number): void {
    clearTimeout(this.#timer);
    if (this.#shown && this.#editor) this.#timer = setTimeout(() => void this.#run(), wait);
  }

  async #run(): Promise<void> {
    const editor = this.#editor;
    const first = this.#session.editor;
    if (!editor?.checked.value || !first.checked.value) return;
    const errors = !editor.checked.value.outline ? "The other policy has errors." : !first.checked.value.outline ? "The first policy has errors." : undefined;
    if (errors) return this.#complain(`${errors} They are compared when those are mended.`);
    const texts = [first.text.value, editor.text.value];
    if (texts[0] === texts[1]) {
      this.#runner.stop();
      this.#known = "";
      fill(this.#body, h("p", { class: "empty" }, "Both policies are the same, so far. Change this text, or drag a knob."));
      return;
    }
    if (!this.#session.canRun) return this.#complain("There is no traffic to compare them on: the first policy has no workload.");
    const options = await this.#session.options();
    const known = JSON.stringify([texts, options.workload, options.seed, options.seeds, options.traceName]);
    if (known === this.#known) return;
    this.#known = known;
    await this.#runner.run({ texts, names: ["first", "other"], options }, known);
  }
}
