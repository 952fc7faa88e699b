/** The steps of a slider: round figures, with the present one among them. */

import type { Outline } from "../engine/face.ts";

type Kind = Outline["knobs"][number]["kind"];

const DURATIONS =
  "100ms 200ms 500ms 1s 2s 3s 5s 10s 15s 20s 30s 45s 1m 2m 3m 5m 10m 15m 20m 30m 45m 1h 2h 3h 6h 12h 1d 2d 7d".split(" ");
const SECONDS = { ms: 1e-3, s: 1, m: 60, h: 3600, d: 86_400 };
const BYTES = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const SIZE_UNITS = ["KiB", "MiB", "GiB"];

function sizes(): string[] {
  return SIZE_UNITS.flatMap((unit) => Array.from({ length: 10 }, (_, power) => `${2 ** power}${unit}`)).concat("1TiB");
}

function grouped(value: number): string {
  return value.toString().replace(/\B(?=(\d{3})+$)/g, "_");
}

function counts(): string[] {
  const made: string[] = [];
  for (let power = 1; power <= 1e7; power *= 10) for (const first of [1, 2, 5]) made.push(grouped(first * power));
  return made;
}

/** A step in seconds, bytes or things. */
function magnitude(kind: Kind, step: string): number {
  const [, figure = "", unit = ""] = /^([\d_]+)([A-Za-z]*)$/.exec(step) ?? [];
  const sizes = { duration: SECONDS, size: BYTES, count: {} }[kind] as Record<string, number>;
  return Number(figure.replaceAll("_", "")) * (sizes[unit] ?? 1);
}

/** Steps around a knob's value, ascending, the value itself among them. */
export function ladder({ kind, value, amount: present }: Outline["knobs"][number]): string[] {
  const all = kind === "duration" ? DURATIONS : kind === "size" ? sizes() : counts();
  const sized = all.map((text) => ({ text, size: magnitude(kind, text) }));
  const near = sized.filter(({ size }) => size >= present / 600 && size <= Math.max(present, 1e-3) * 600);
  const steps = near.filter(({ size }) => size !== present).concat({ text: value, size: present });
  return steps.sort((one, other) => one.size - other.size).map(({ text }) => text);
}
