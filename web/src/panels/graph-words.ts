import { fill, h, prose } from "../ui/dom.ts";
import { seconds } from "../ui/units.ts";

export interface GraphNode {
  name: string;
  kind: string;
  detail?: string;
  store?: string[];
  ttl?: number | null;
  line: number;
}

export interface GraphEdge {
  from: string;
  to: string;
  relation: string;
  detail?: string;
  operations?: string;
  soundness?: { verdict: "sound" | "unsound" | "unneeded"; within?: number | null; misses?: string[] };
}

export interface Drawn {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

function item(...parts: (Node | string)[]): HTMLElement {
  return h("li", {}, ...parts);
}

function code(text: string): HTMLElement {
  return h("code", {}, text);
}

function invalidation(edge: GraphEdge, other: string, away: boolean): HTMLElement {
  const verdict = edge.soundness?.verdict ?? "unneeded";
  const made = item(h("span", { class: `verdict-mark ${verdict}` }, { sound: "✓", unsound: "✗", unneeded: "·" }[verdict]), " ");
  const what = edge.detail ?? "an invalidation";
  made.append(away ? "reaches " : "a write of ", code(other), away ? " by " : " removes it by ", code(what));
  if (verdict === "sound" && edge.soundness?.within !== undefined) {
    made.append(`: every copy within ${seconds(edge.soundness.within)}`);
  } else if (verdict === "unsound") {
    made.append(", but not every copy: ", prose((edge.soundness?.misses ?? []).join("; ") || "some stay"));
  } else if (verdict === "unneeded") made.append(", which it does not need");
  return made;
}

/** What the chosen node has to do with the others, in words: a drawing alone does not say it to everybody. */
export function describe(place: HTMLElement, drawn: Drawn, node: GraphNode, jump: () => void): void {
  const to = (relation: string) => drawn.edges.filter((edge) => edge.from === node.name && edge.relation === relation);
  const from = (relation: string) => drawn.edges.filter((edge) => edge.to === node.name && edge.relation === relation);
  const names = (edges: GraphEdge[], end: "from" | "to") =>
    edges.flatMap((edge, at) => [...(at ? [", "] : []), code(edge[end])]);
  const lines: HTMLElement[] = [];
  const list = (text: string, edges: GraphEdge[], end: "from" | "to") => {
    if (edges.length) lines.push(item(text, " ", ...names(edges, end)));
  };
  list("contains", to("contains"), "to");
  list("is in", from("contains"), "from");
  list("answers through", to("answers"), "to");
  list("reads", to("reads"), "to");
  list("is read by", from("reads"), "from");
  list("is stored in", to("stored-in"), "to");
  for (const edge of to("invalidates")) lines.push(invalidation(edge, edge.to, true));
  for (const edge of from("invalidates")) lines.push(invalidation(edge, edge.from, false));
  const touched = node.kind === "model" || from("invalidates").length > 0;
  if (!touched && node.store?.length) lines.push(item("nothing removes it before its time is over"));
  const line = h("button", { type: "button", class: "link", onclick: jump }, `line ${node.line}`);
  fill(
    place,
    h("h3", {}, h("span", { class: `kind ${node.kind}` }, node.kind), " ", node.name, " ", line),
    h("ul", {}, ...lines),
  );
}
