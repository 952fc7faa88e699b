import type { Session } from "../app/session.ts";
import { language } from "../engine/language.ts";
import type { Report } from "../engine/report.ts";
import { type Attributes, button, type Child, fill, h, prose } from "../ui/dom.ts";
import { seconds } from "../ui/units.ts";

interface Missed {
  line: number | null;
  missed: string;
  mended: string;
}

interface Bound {
  level: string;
  kind: string;
  model: string;
  by: string;
  end_to_end: number | null;
  staleness: number | null;
  path: string;
  stored: boolean;
  edges: { sound: boolean; missed?: Missed[] };
}

const HEADS = ["Level", "After a write of", "Proved: at most", "Seen: at most", "Decided by", ""];
const BY: Record<string, string> = { edges: "its invalidations", time: "its lifetime" };

/** How out of date an answer can be, whatever the traffic, beside what the run has seen. */
export class Proofs {
  readonly #session: Session;
  readonly #panel: HTMLElement;
  readonly #show: (level: string, model: string) => void;
  #shown = false;
  #of: string | undefined;

  /** `show` plays the worst that can happen to a level after a write of a model. */
  constructor(panel: HTMLElement, session: Session, show: (level: string, model: string) => void) {
    this.#panel = panel;
    this.#session = session;
    this.#show = show;
    session.editor.checked.onChange(() => void this.#fill());
    session.ran.onChange(() => {
      this.#of = undefined;
      void this.#fill();
    });
  }

  set shown(shown: boolean) {
    this.#shown = shown;
    void this.#fill();
  }

  async #fill(): Promise<void> {
    const text = this.#session.editor.text.value;
    if (!this.#shown || this.#of === text || !this.#session.editor.checked.value) return;
    const json = await language.ask("bounds", text);
    if (text !== this.#session.editor.text.value) return;
    this.#of = text;
    if (json === undefined) {
      fill(this.#panel, h("p", { class: "empty" }, "The policy has errors: what can be proved of it is shown when they are mended."));
      return;
    }
    const { bounds } = JSON.parse(json) as { bounds: Bound[] };
    const ran = this.#session.ran.value;
    const report = ran?.text === text ? ran.report : undefined;
    fill(this.#panel, ...this.#table(bounds, report));
  }

  #table(bounds: Bound[], report: Report | undefined): HTMLElement[] {
    if (bounds.length === 0) {
      return [h("p", { class: "empty" }, "No level of this policy reads a model, so no write can make an answer old.")];
    }
    const rows = bounds.map((bound) => this.#row(bound, report));
    return [
      h("h2", {}, "How out of date an answer can be, whatever the traffic"),
      h(
        "p",
        { class: "lead" },
        "Each figure follows from the policy alone. “Seen” is the oldest answer that this level gave in the last run, after a write of anything.",
      ),
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": "Bounds" },
        h(
          "table",
          { class: "bounds" },
          h("thead", {}, h("tr", {}, ...HEADS.map((text) => h("th", { scope: "col" }, text || h("span", { class: "visually-hidden" }, "What to do"))))),
          h("tbody", {}, ...rows),
        ),
      ),
    ];
  }

  #row(bound: Bound, report: Report | undefined): HTMLElement {
    const seen = report?.levels[bound.level]?.out_of_date.staleness.max;
    const missed = bound.edges.missed ?? [];
    const why = h("div", { class: "why" });
    why.append(prose(bound.path));
    for (const { missed: text, mended, line } of bound.by === "edges" ? [] : missed) {
      const made = h("div", { class: "mend" });
      made.append(prose(text), ": ", prose(mended));
      if (line) made.append(" ", button(`line ${line}`, () => this.#session.editor.jump(line), { class: "link" }));
      why.append(made);
    }
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, h("span", { class: `kind ${bound.kind}` }, bound.kind), h("br"), h("code", {}, bound.level)),
      cell(1, {}, h("code", {}, bound.model)),
      cell(2, { class: "figure strong" }, seconds(bound.end_to_end)),
      cell(3, { class: "figure" }, seen === undefined ? "–" : seconds(seen)),
      cell(4, {}, h("span", { class: bound.by === "edges" ? "by good" : "by" }, BY[bound.by] ?? bound.by), why),
      h("td", {}, bound.stored ? button("Show it", () => this.#show(bound.level, bound.model), { class: "quiet small" }) : undefined),
    );
  }
}

/** A cell that names its column, for where there is no room for columns. */
function cell(column: number, attributes: Attributes, ...content: Child[]): HTMLElement {
  return h("td", { ...attributes, "data-head": HEADS[column] }, ...content);
}
