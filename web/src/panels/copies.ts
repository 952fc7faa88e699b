import type { Happening } from "../engine/face.ts";

/** What a copy is, as far as what has happened so far tells. */
export type State = "none" | "filling" | "fresh" | "expired" | "old" | "foreign" | "removed";

export interface Copy {
  key: string;
  level: string;
  state: State;
  /** in words */
  words: string;
  /** the index of what last happened to it */
  since: number;
}

const WORDS: Record<State, string> = {
  none: "none",
  filling: "being made",
  fresh: "fresh",
  expired: "past its lifetime",
  old: "out of date",
  foreign: "somebody else's",
  removed: "removed",
};

const AFTER_SERVE: [RegExp, State][] = [
  [/somebody else/, "foreign"],
  [/out of date/, "old"],
];

/** What this makes of the copy; undefined where it leaves it as it is. */
function made({ kind, text }: Happening, before: State): State | undefined {
  if (kind === "store") return "fresh";
  if (kind === "remove") return "removed";
  if (kind === "fill-began") return before === "none" || before === "removed" ? "filling" : undefined;
  if (kind === "fill-ended") return before === "filling" && !/stored/.test(text) ? "none" : undefined;
  if (kind === "look-up" && /misses/.test(text)) return before === "filling" ? undefined : "none";
  if (kind === "look-up") return /past its ttl/.test(text) ? "expired" : before === "none" ? "fresh" : undefined;
  if (kind === "serve") return AFTER_SERVE.find(([says]) => says.test(text))?.[1];
  return undefined;
}

/** The copies after each of these happenings, by key. */
export function follow(happenings: readonly Happening[]): Map<string, Copy>[] {
  let present = new Map<string, Copy>();
  return happenings.map((happening, index) => {
    const { key, level } = happening;
    if (key === undefined) return present;
    const before = present.get(key)?.state ?? "none";
    const state = made(happening, before) ?? before;
    present = new Map(present);
    present.set(key, { key, level: level ?? "", state, words: WORDS[state], since: index });
    return present;
  });
}
