import { type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";

/** What a run said of the claim that ends on this line. */
export interface Verdict {
  /** from 1 */
  line: number;
  held: boolean;
  /** the figure, for people */
  text: string;
}

export const setVerdicts = StateEffect.define<readonly Verdict[]>();
/** Shows where something is for a moment: a line, from 1; 0 for none. */
export const flashLine = StateEffect.define<number>();

class VerdictWidget extends WidgetType {
  constructor(readonly verdict: Verdict) {
    super();
  }

  override eq(other: VerdictWidget): boolean {
    return other.verdict.held === this.verdict.held && other.verdict.text === this.verdict.text;
  }

  toDOM(): HTMLElement {
    const { held, text } = this.verdict;
    const made = document.createElement("span");
    made.className = `verdict ${held ? "verdict-held" : "verdict-missed"}`;
    made.textContent = `${held ? "✓" : "✗"} ${text}`;
    made.setAttribute("aria-label", `${held ? "held" : "missed"}: ${text}`);
    made.setAttribute("role", "note");
    return made;
  }
}

const verdicts = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = shown.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setVerdicts)) continue;
      const { doc } = transaction.state;
      const ranges = effect.value
        .filter(({ line }) => line >= 1 && line <= doc.lines)
        .map((verdict) => Decoration.widget({ widget: new VerdictWidget(verdict), side: 1 }).range(doc.line(verdict.line).to));
      next = Decoration.set(ranges, true);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const flash = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(shown, transaction) {
    let next = shown.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(flashLine)) continue;
      const { doc } = transaction.state;
      const at = effect.value >= 1 && effect.value <= doc.lines ? doc.line(effect.value).from : undefined;
      next = at === undefined ? Decoration.none : Decoration.set([Decoration.line({ class: "flash" }).range(at)]);
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

export function marks(): Extension {
  return [verdicts, flash];
}
