import type { ComparisonReport, Report } from "./pkg/cachepolicy.js";

export type { ComparisonReport, ExpectationResult, Report } from "./pkg/cachepolicy.js";

/** Reads the engine's own bytes. */
export function readReport(json: string): Report {
  return JSON.parse(json) as Report;
}

/** The same of a comparison. */
export function readComparison(json: string): ComparisonReport {
  return JSON.parse(json) as ComparisonReport;
}
