import { type CodePage, codePage } from "../engine/codes.ts";
import { language } from "../engine/language.ts";

interface Mistake {
  code: string;
  title: string;
  /** the level that somebody has to ask for, where the example has no view of it */
  asks?: string;
  /** what has to be asked for the mistake to show, where no single schedule shows it */
  traffic?: string;
}

/** The ten from which most can be learnt, the worst first; each is the code of its diagnostic. */
export const MISTAKES: Mistake[] = [
  { code: "leak", title: "One user's page, shown to another" },
  { code: "child-outlived", title: "The list is purged, the page that holds it is not" },
  { code: "purge-before-commit", title: "Purged inside the transaction", asks: "list" },
  { code: "fill-race", title: "A slow reader stores the old data after the purge", asks: "list" },
  { code: "no-invalidation-plan", title: "A write that nobody thought of", asks: "top_authors" },
  { code: "replica-refill", title: "Filled again from a replica that lags", asks: "list" },
  { code: "other-processes-missed", title: "Purged in one process of four", asks: "settings" },
  { code: "old-key-missed", title: "Renamed, and the old address still answers", asks: "teaser(slug)" },
  {
    code: "synchronised-expiry",
    title: "All copies expire at once",
    traffic: `
view page(slug) { route GET "/items/{slug}"; contains item(slug); cost 5ms }

workload morning {
  duration 1h
  requests 5/s poisson {
    GET "/" weight 9
    GET "/items/{slug}" weight 1 slug zipf(0.8, 400)
  }
  data     slugs 48 of slug
}
`,
  },
  {
    code: "stampede-unprotected",
    title: "Everybody computes the same thing",
    traffic: `
view page { route GET "/report"; contains report; cost 1ms }

workload busy {
  duration 1h
  requests 100/s poisson { GET "/report" weight 1 }
}

expect { stampede(report).peak <= 1 }
`,
  },
];

/** A mistake and how it is mended, laid out. */
export interface Lesson {
  page: CodePage;
  failing: string;
  mended: string;
  /** where it shows: in a schedule of few requests, or only in what much traffic comes to */
  view: "timeline" | "results";
}

/** A view of a level. */
function viewOf(level: string, name: string): string {
  const parameter = /\((\w+)\)/.exec(level)?.[1];
  const [taken, hole] = parameter === undefined ? ["", ""] : [`(${parameter})`, `/{${parameter}}`];
  return `\nview ${name}${taken} { route GET "/${name}${hole}"; contains ${level} }\n`;
}

/** An example with those who ask for what is in it. */
async function laidOut(text: string, { asks, traffic = "" }: Partial<Mistake>): Promise<string> {
  const bare = `${text.trimEnd()}\n${asks === undefined ? "" : viewOf(asks, "page")}${traffic}`;
  // Short examples rest on a base, of which not all have a use for everything.
  const { diagnostics } = await language.ask("check", bare);
  const idle = diagnostics.some(({ code, message }) => code === "unused" && message.includes("`article`"));
  const all = idle ? `${bare}${viewOf("article(slug)", "article_page")}` : bare;
  return language.ask("format", all).catch(() => all);
}

/** What the engine knows of a code; undefined for a code that there is not. */
export async function lesson(code: string): Promise<Lesson | undefined> {
  const page = await codePage(code);
  if (!page) return undefined;
  const mistake: Partial<Mistake> = MISTAKES.find((one) => one.code === code) ?? {};
  const [failing, mended] = await Promise.all([laidOut(page.failing, mistake), laidOut(page.mended, mistake)]);
  return { page, failing, mended, view: mistake.traffic === undefined ? "timeline" : "results" };
}
