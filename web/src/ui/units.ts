const STEPS: [number, string][] = [
  [1e-6, "µs"],
  [1e-3, "ms"],
  [1, "s"],
];

function figure(value: number, digits = 3): string {
  return Number(value.toPrecision(digits)).toString();
}

/** Seconds for people: `400 µs`, `56.2 ms`, `9.5 s`, `10m 40s`, `2h 05m`. */
export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (!Number.isFinite(value)) return "no limit";
  if (value === 0) return "0 s";
  if (value < 60) {
    const [size, unit] = STEPS.findLast(([least]) => value >= least) ?? [1e-9, "ns"];
    return `${figure(value / size)} ${unit}`;
  }
  const whole = Math.round(value);
  const two = (part: number) => String(part).padStart(2, "0");
  if (whole < 3600) return whole % 60 ? `${Math.floor(whole / 60)}m ${two(whole % 60)}s` : `${whole / 60}m`;
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)}d ${two(hours % 24)}h`;
  return minutes ? `${hours}h ${two(minutes)}m` : `${hours}h`;
}

/** 0..1 for people; what is not quite all, or not quite nothing, does not look like it. */
export function percent(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value > 0.9995 && value < 1) return ">99.9%";
  if (value > 0 && value < 0.0005) return "<0.1%";
  return `${figure(value * 100, value >= 0.9995 ? 4 : 3)}%`;
}

/** A number of things: `935k`, `1,585`. */
export function count(value: number): string {
  if (value < 10_000) return Math.round(value).toLocaleString("en");
  if (value < 1e6) return `${figure(value / 1e3)}k`;
  return `${figure(value / 1e6)}M`;
}

const BYTES = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Bytes for people. */
export function bytes(value: number): string {
  const power = value > 0 ? Math.min(BYTES.length - 1, Math.floor(Math.log2(value) / 10)) : 0;
  return `${figure(value / 1024 ** power)} ${BYTES[power] ?? "B"}`;
}

/** A number of something: `1 error`, `2 errors`. */
export function plural(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
}
