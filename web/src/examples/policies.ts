/** The policies that come with the project, as they are. */
const FILES = import.meta.glob<string>("../../../policies/*.cachepolicy", { query: "?raw", import: "default", eager: true });

export interface Example {
  name: string;
  title: string;
  what: string;
  text: string;
}

const TOLD: Record<string, [string, string]> = {
  news: ["A news site", "Pages of fragments of objects, with writes, a surge, a flush and an outage, and claims that hold."],
  "django-tutorial": ["The usual Django tutorial", "What one gets by following it: somebody else's page, a stampede, and old lists."],
  "django-mended": ["The same, mended", "The tutorial's site after its problems are dealt with, at what cost."],
  "anonymous-site": ["A site without users", "To replay an access log through: one level before everything."],
  kv: ["A key-value cache", "Objects alone, for traces of memcached or Redis."],
};
const ORDER = Object.keys(TOLD);

/** Those that are known by a title come first. */
export const examples: Example[] = Object.entries(FILES)
  .map(([path, text]) => {
    const name = path.replace(/^.*\/|\.cachepolicy$/g, "");
    const comment = /^#\s*(.+)/.exec(text)?.[1] ?? "";
    const [title, what] = TOLD[name] ?? [name, comment];
    return { name, title, what, text };
  })
  .sort((one, other) => rank(one.name) - rank(other.name) || one.name.localeCompare(other.name));

function rank(name: string): number {
  const at = ORDER.indexOf(name);
  return at < 0 ? ORDER.length : at;
}

/** What is there when the page is opened for the first time. */
export const FIRST = examples.find(({ name }) => name === "news") ?? examples[0];
