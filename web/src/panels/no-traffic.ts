import type { Session } from "../app/session.ts";
import { language } from "../engine/language.ts";
import { toast } from "../ui/announce.ts";
import { button } from "../ui/dom.ts";
import { chooseLog } from "./traffic.ts";

interface Node {
  kind: string;
  detail?: string;
}

/** A workload that asks for every page of a policy, each as often as the others. */
function workload(nodes: Node[]): string | undefined {
  const routes = nodes
    .filter(({ kind, detail }) => kind === "view" && detail?.startsWith("GET "))
    .map(({ detail }) => (detail ?? "").slice(4));
  if (routes.length === 0) return undefined;
  const asked = routes.map((route) => {
    const holes = [...route.matchAll(/\{([\w-]+)(?::\w+)?\}/g)].map(([, name]) => ` ${name} zipf(1.0, 1_000)`);
    return `    GET "${route}" weight 1${holes.join("")}`;
  });
  return ["workload tried {", "  duration 10m", "  requests 50/s poisson {", ...asked, "  }", "}", ""].join("\n");
}

async function add(session: Session): Promise<void> {
  const text = session.editor.text.value;
  const graph = await language.ask("graph", text);
  const nodes = graph ? ((JSON.parse(graph.json) as { nodes: Node[] }).nodes ?? []) : [];
  const made = workload(nodes);
  if (made) session.editor.replace(`${text.trimEnd()}\n\n${made}`);
  else toast("No view of this policy has a route with GET: a workload would have nothing to ask for.");
}

/** What to do where a policy has no workload: what one reads in place of results. */
export function noTraffic(session: Session): (globalThis.Node | string)[] {
  return [
    "There is nothing to simulate yet: the policy has no workload. ",
    button("Add one that asks for each page", () => void add(session), { class: "link" }),
    " or ",
    button("use an access log", chooseLog, { class: "link" }),
    ".",
  ];
}
