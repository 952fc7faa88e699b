/** What the page itself reads of a report; the rest it shows as the engine draws it. */
export interface Quantiles {
  count: number;
  mean: number | null;
  p50: number | null;
  p99: number | null;
  max: number | null;
}

export interface OutOfDate {
  serves: number;
  ratio: number | null;
  staleness: Quantiles;
}

export interface Served {
  count: number;
  hit_ratio: number | null;
  saved: number | null;
  latency: Quantiles;
  out_of_date: OutOfDate;
  leaks: number;
}

export interface Expectation {
  id: string;
  claim: string;
  kind: string;
  /** undecided where it is for proofs, or lacks what it is about */
  held: boolean | null;
  figure: number | null;
  limit: number | null;
  unit: string;
  line: number;
}

export interface Level {
  kind: string;
  lookups: number;
  out_of_date: OutOfDate;
  bounds: Record<string, { seconds: number | null; attained: number | null }>;
}

export interface Report {
  policy: { name: string; hash: string };
  trace: { requests: number; writes: number; faults: number; duration: number };
  seed: number;
  requests: Served;
  levels: Record<string, Level>;
  expectations: Expectation[];
}

/** Reads the engine's own bytes. */
export function readReport(json: string): Report {
  return JSON.parse(json) as Report;
}
