import type * as engine from "./pkg/cachepolicy.js";

export type Checked = ReturnType<typeof engine.check>;
export type Diagnostic = Checked["diagnostics"][number];
export type Outline = NonNullable<Checked["outline"]>;
/** One thing that happens, of a witness or of a window of a run. */
export type Happening = ReturnType<engine.Simulation["happenings"]>[number];
export type SimulationOptions = ConstructorParameters<typeof engine.Simulation>[1];

/** The functions that answer about a text at once: what the language worker is asked for. */
type Functions = Pick<
  typeof engine,
  | "tokens"
  | "tokenKinds"
  | "check"
  | "format"
  | "complete"
  | "hover"
  | "definition"
  | "graph"
  | "bounds"
  | "explainRequest"
  | "explainWrite"
  | "witness"
>;

/** All that an editor shows of a text, in one answer: the way to a worker and back is longer than the work. */
export interface Analysed {
  /** (from, to, kind) of each word */
  triples: Uint32Array;
  checked: Checked;
}

export interface Language extends Functions {
  analyse(text: string): Analysed;
}

export type Call = keyof Language;
export type Answer<C extends Call> = ReturnType<Language[C]>;
export type Witness = NonNullable<Answer<"witness">>;

/** A question to the language worker. */
export interface Question {
  id: number;
  call: Call;
  arguments: unknown[];
}

/** What it says: the result, or a message for people. */
export type Reply = { id: number; result: unknown } | { id: number; error: string };

/** What is replayed: one text, or several side by side. */
export interface Job {
  texts: string[];
  names: string[];
  options: SimulationOptions;
}

/** To the simulation worker. */
export type Order =
  | { kind: "start"; id: number; job: Job }
  | { kind: "stop"; id: number }
  | { kind: "page"; id: number };

export interface Progress {
  events: number;
  /** 0 to 1 */
  done: number;
  /** seconds of simulated time */
  simulated: number;
}

/** What a run came to: the report's bytes, its charts and tables, and what happened in the window asked for. */
export interface Outcome {
  report: string;
  html: string;
  happenings: Happening[];
  /** events replayed */
  events: number;
  /** seconds that it took */
  took: number;
}

/** From the simulation worker. */
export type Notice =
  | { kind: "progress"; id: number; progress: Progress }
  | { kind: "done"; id: number; outcome: Outcome }
  | { kind: "stopped"; id: number }
  | { kind: "failed"; id: number; error: string }
  | { kind: "page"; id: number; page: string };
