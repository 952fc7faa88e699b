import type { Report } from "../engine/report.ts";
import { h } from "../ui/dom.ts";
import { count, percent, seconds } from "../ui/units.ts";

interface Tile {
  name: string;
  what: string;
  value(report: Report): number | null;
  show(value: number | null): string;
  /** whether more is better */
  more: boolean;
}

const TILES: Tile[] = [
  {
    name: "Hits",
    what: "requests answered without any work of an origin",
    value: (report) => report.requests.hit_ratio,
    show: percent,
    more: true,
  },
  {
    name: "Origin time saved",
    what: "of what the origins would have worked without copies",
    value: (report) => report.requests.saved,
    show: percent,
    more: true,
  },
  {
    name: "Answer p99",
    what: "99 of 100 requests are answered within",
    value: (report) => report.requests.latency.p99,
    show: seconds,
    more: false,
  },
  {
    name: "Out of date",
    what: "requests answered with something that a write had made old",
    value: (report) => report.requests.out_of_date.ratio,
    show: percent,
    more: false,
  },
  {
    name: "Oldest answer",
    what: "the longest after a write that somebody still got the old",
    value: (report) => report.requests.out_of_date.staleness.max,
    show: seconds,
    more: false,
  },
];

const LEAKS: Tile = {
  name: "Leaks",
  what: "requests answered with a copy that was made for somebody else",
  value: (report) => report.requests.leaks,
  show: (value) => count(value ?? 0),
  more: false,
};

function change(tile: Tile, now: number | null, before: number | null | undefined): HTMLElement | undefined {
  if (now === null || before === null || before === undefined || tile.show(now) === tile.show(before)) return undefined;
  const better = now > before === tile.more;
  const arrow = now > before ? "▲" : "▼";
  const text = `${arrow} was ${tile.show(before)}`;
  return h("span", { class: `change ${better ? "better" : "worse"}`, title: better ? "better" : "worse" }, text);
}

/** The figures that one looks at first, with what they were before the last change. */
export function headline(report: Report, before: Report | undefined): HTMLElement {
  const tiles = report.requests.leaks > 0 || (before?.requests.leaks ?? 0) > 0 ? [LEAKS, ...TILES] : TILES;
  const made = tiles.map((tile) => {
    const now = tile.value(report);
    const bad = tile === LEAKS && (now ?? 0) > 0;
    return h(
      "div",
      { class: bad ? "tile bad" : "tile", title: tile.what },
      h("dt", {}, tile.name),
      h("dd", {}, h("strong", {}, tile.show(now)), change(tile, now, before && tile.value(before))),
    );
  });
  return h("dl", { class: "tiles" }, ...made);
}
