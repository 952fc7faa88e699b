import type { Happening } from "../engine/face.ts";
import type { Copy } from "./copies.ts";

const SVG = "http://www.w3.org/2000/svg";
const COLUMN = 16;
const ROW = 22;
const TOP = 20;
/** More keys than one can follow are left out, those with the least to tell first. */
const MOST_ROWS = 14;

function svg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Record<string, string | number>): SVGElementTagNameMap[K] {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/** Something that happens to everybody, or outside of the copies. */
function isWrite(kind: string): boolean {
  return /write|commit|deliver|fault/.test(kind);
}

/** The keys with the most to tell, in the order in which they come up. */
function rows(happenings: readonly Happening[]): string[] {
  const told = new Map<string, number>();
  for (const { key } of happenings) if (key !== undefined) told.set(key, (told.get(key) ?? 0) + 1);
  const most = [...told].sort(([, one], [, other]) => other - one).slice(0, MOST_ROWS);
  const kept = new Set(most.map(([key]) => key));
  return [...told.keys()].filter((key) => kept.has(key));
}

/**
 * One row a copy, one column a happening: what becomes of each copy, and when. Columns are equally wide, since what
 * matters lies microseconds apart and then minutes.
 */
export class Lanes {
  readonly element: SVGSVGElement;
  readonly keys: string[];
  readonly #cursor: SVGRectElement;

  constructor(happenings: readonly Happening[], states: readonly Map<string, Copy>[], choose: (index: number) => void) {
    this.keys = rows(happenings);
    const width = happenings.length * COLUMN;
    const height = TOP + this.keys.length * ROW + 4;
    this.element = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, class: "lanes", "aria-hidden": "true" });
    this.#cursor = svg("rect", { class: "lane-cursor", y: 0, width: COLUMN, height, rx: 3 });
    this.element.append(this.#cursor);
    this.keys.forEach((key, row) => this.#row(key, row, happenings, states));
    happenings.forEach((happening, index) => {
      if (!isWrite(happening.kind)) return;
      const x = index * COLUMN + COLUMN / 2;
      this.element.append(
        svg("line", { class: `lane-write ${happening.kind}`, x1: x, x2: x, y1: 12, y2: height }),
        svg("path", { class: `lane-write ${happening.kind}`, d: `M${x - 4} 4h8l-4 8z` }),
      );
    });
    this.element.addEventListener("click", (event) => {
      const { left } = this.element.getBoundingClientRect();
      choose(Math.max(0, Math.min(happenings.length - 1, Math.floor((event.clientX - left) / COLUMN))));
    });
  }

  #row(key: string, row: number, happenings: readonly Happening[], states: readonly Map<string, Copy>[]): void {
    const y = TOP + row * ROW;
    let from = 0;
    const state = (index: number) => states[index]?.get(key)?.state ?? "none";
    for (let index = 1; index <= happenings.length; index++) {
      if (index < happenings.length && state(index) === state(from)) continue;
      if (state(from) !== "none") {
        const size = { x: from * COLUMN, y: y + 5, width: (index - from) * COLUMN, height: ROW - 10, rx: 3 };
        this.element.append(svg("rect", { class: `lane-state ${state(from)}`, ...size }));
      }
      from = index;
    }
    happenings.forEach((happening, index) => {
      if (happening.key !== key) return;
      const bad = /out of date|somebody else/.test(happening.text);
      this.element.append(
        svg("circle", { class: `lane-dot ${bad ? "bad" : happening.kind}`, cx: index * COLUMN + COLUMN / 2, cy: y + ROW / 2, r: bad ? 5 : 3 }),
      );
    });
  }

  /** Marks this happening, and brings it into sight. */
  show(index: number): void {
    this.#cursor.setAttribute("x", String(index * COLUMN));
    const scroller = this.element.parentElement;
    if (!scroller) return;
    const x = index * COLUMN;
    if (x < scroller.scrollLeft + 40 || x > scroller.scrollLeft + scroller.clientWidth - 60) {
      scroller.scrollLeft = x - scroller.clientWidth / 2;
    }
  }
}
