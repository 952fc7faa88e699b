import file from "./pkg/codes.json?url";

/** What there is to say of a diagnostic. Examples are whole policies. */
export interface CodePage {
  code: string;
  what: string;
  why: string;
  /** has it; empty where no short text has it */
  failing: string;
  /** the same without it */
  mended: string;
  /** when to allow it; may be empty */
  allow: string;
}

let arriving: Promise<Record<string, CodePage>> | undefined;

/** The page of a code; undefined for a code that there is not. The pages come when the first is asked for. */
export async function codePage(code: string): Promise<CodePage | undefined> {
  arriving ??= fetch(new URL(file, import.meta.url)).then((answer) => answer.json());
  const pages = await arriving.catch(() => (arriving = undefined));
  if (!pages) throw new Error("The pages about mistakes did not arrive: try again with a network.");
  return Object.hasOwn(pages, code) ? pages[code] : undefined;
}
