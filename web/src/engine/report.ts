import type { Report } from "./pkg/cachepolicy.js";

export type { ExpectationResult, Report } from "./pkg/cachepolicy.js";

/** Reads the engine's own bytes. */
export function readReport(json: string): Report {
  return JSON.parse(json) as Report;
}
