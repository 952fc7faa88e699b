import type { PolicyEditor } from "../editor/editor.ts";
import type { Outline } from "../engine/face.ts";
import { fill, h } from "../ui/dom.ts";
import { ladder } from "./ladder.ts";

type Knob = Outline["knobs"][number];

interface Shown {
  row: HTMLElement;
  slider: HTMLInputElement;
  output: HTMLElement;
  steps: string[];
}

/** Sliders for lifetimes and capacities: each writes its number into the text as it moves. */
export class Knobs {
  readonly element = h("div", { class: "knobs", role: "group", "aria-label": "Lifetimes and room" });
  readonly #editor: PolicyEditor;
  readonly #moved: () => void;
  readonly #shown = new Map<string, Shown>();
  /** While a slider is held its steps stay what they are. */
  #held: string | undefined;

  /** `moved` is told before the text changes. */
  constructor(editor: PolicyEditor, moved: () => void) {
    this.#editor = editor;
    this.#moved = moved;
    editor.checked.watch((checked) => {
      if (checked?.outline) this.#show(checked.outline.knobs);
    });
  }

  #show(knobs: Knob[]): void {
    const usable = knobs.filter((knob) => ladder(knob).length > 1);
    for (const knob of usable) this.#update(this.#shown.get(knob.name) ?? this.#make(knob), knob);
    for (const name of this.#shown.keys()) {
      if (!usable.some((knob) => knob.name === name)) this.#shown.delete(name);
    }
    const rows = usable.flatMap((knob) => this.#shown.get(knob.name)?.row ?? []);
    const same = rows.length === this.element.children.length && rows.every((row, at) => row === this.element.children[at]);
    if (!same) fill(this.element, ...rows);
    if (rows.length === 0) fill(this.element, h("p", { class: "empty" }, "This policy has no ttl and no capacity to turn."));
  }

  #make(knob: Knob): Shown {
    const slider = h("input", { type: "range", min: 0, step: 1, "aria-label": knob.name });
    const output = h("output", {});
    const row = h("label", { class: "knob" }, h("code", {}, knob.name), slider, output);
    const shown: Shown = { row, slider, output, steps: [] };
    slider.addEventListener("input", () => {
      this.#held = knob.name;
      const value = shown.steps[slider.valueAsNumber];
      if (value !== undefined) this.#write(knob.name, value);
    });
    slider.addEventListener("change", () => {
      this.#held = undefined;
    });
    this.#shown.set(knob.name, shown);
    return shown;
  }

  #update(shown: Shown, knob: Knob): void {
    if (this.#held !== knob.name || !shown.steps.includes(knob.value)) shown.steps = ladder(knob);
    shown.slider.max = String(shown.steps.length - 1);
    shown.slider.value = String(shown.steps.indexOf(knob.value));
    shown.slider.setAttribute("aria-valuetext", knob.value);
    shown.output.textContent = knob.value;
  }

  #write(name: string, value: string): void {
    const knob = this.#editor.checked.value?.outline?.knobs.find((one) => one.name === name);
    const { doc } = this.#editor.view.state;
    // Offsets are of the text that was checked; a value that moved since is left to the next movement.
    if (!knob || doc.sliceString(knob.from, knob.to) !== knob.value) return;
    if (knob.value === value) return;
    this.#moved();
    this.#editor.view.dispatch({ changes: { from: knob.from, to: knob.to, insert: value }, userEvent: "input.knob" });
    const shown = this.#shown.get(name);
    if (shown) shown.output.textContent = value;
  }
}
