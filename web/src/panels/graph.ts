import type { Session } from "../app/session.ts";
import { language } from "../engine/language.ts";
import { button, byId, fill, h } from "../ui/dom.ts";
import { type Icon, icon } from "../ui/icons.ts";
import { describe, type Drawn, type GraphNode } from "./graph-words.ts";
import { parseSvg } from "./svg.ts";
import { Viewport } from "./viewport.ts";

const HINT = "Choose a model to see what a write of it reaches, or a level to see what it is made of.";

/** It is not drawn for a narrower place, but scaled down; pixels. */
const LEAST = 300;

/** The dependency graph: what contains what, and which write reaches which copies. */
export class Graph {
  readonly #session: Session;
  readonly #canvas = h("div", { class: "canvas", tabindex: 0, role: "group", "aria-label": "Graph. Arrow keys move it, plus and minus zoom, 0 shows all of it; Tab goes from one to the next" });
  readonly #words = h("div", { class: "graph-words", "aria-live": "polite" });
  #viewport: Viewport | undefined;
  #drawn: Drawn = { nodes: [], edges: [] };
  #chosen: string | undefined;
  /** The text that is drawn, and for which width. */
  #of: { text: string; width: number } | undefined;
  #shown = false;

  constructor(panel: HTMLElement, session: Session) {
    this.#session = session;
    const tool = (name: Icon, label: string, press: () => void) => {
      const made = button("", press, { class: "quiet square", "aria-label": label, title: label });
      made.append(icon(name));
      return made;
    };
    const tools = h(
      "div",
      { class: "tools" },
      tool("wide", "In the whole width", () => byId("wide", HTMLButtonElement).click()),
      tool("plus", "Larger (+)", () => this.#viewport?.in()),
      tool("minus", "Smaller (-)", () => this.#viewport?.out()),
      tool("fit", "All of it (0)", () => this.#viewport?.fit()),
    );
    new ResizeObserver(() => void this.#draw()).observe(this.#canvas);
    fill(panel, tools, h("div", { class: "drawing" }, this.#canvas), this.#words);
    this.#canvas.addEventListener("keydown", (event) => this.#key(event));
    this.#canvas.addEventListener("click", (event) => this.#click(event));
    session.editor.checked.onChange(() => void this.#draw());
    session.editor.line.onChange((line) => this.#mark(line));
  }

  /** Only what is in sight is drawn. */
  set shown(shown: boolean) {
    this.#shown = shown;
    void this.#draw();
  }

  async #draw(): Promise<void> {
    const text = this.#session.editor.text.value;
    const width = Math.max(LEAST, this.#canvas.clientWidth);
    const isDrawn = this.#of?.text === text && this.#of.width === width;
    if (!this.#shown || isDrawn || !this.#session.editor.checked.value) return;
    const made = await language.ask("graph", text, width);
    if (text !== this.#session.editor.text.value || width !== Math.max(LEAST, this.#canvas.clientWidth)) return;
    if (!made) {
      if (!this.#viewport) fill(this.#canvas, h("p", { class: "empty" }, "The policy has errors: its graph is drawn when they are mended."));
      this.#canvas.toggleAttribute("data-old", true);
      return;
    }
    this.#of = { text, width };
    this.#drawn = JSON.parse(made.json) as Drawn;
    const svg = parseSvg(made.svg);
    // What can be chosen in it is there for everybody, which an image's parts are not.
    svg.setAttribute("role", "group");
    for (const element of svg.querySelectorAll("g[data-name]")) element.classList.add("node");
    fill(this.#canvas, svg);
    this.#canvas.removeAttribute("data-old");
    this.#viewport = new Viewport(svg);
    this.#choose(this.#node(this.#chosen)?.name);
    this.#mark(this.#session.editor.line.value);
  }

  #nodes(): SVGGElement[] {
    return [...this.#canvas.querySelectorAll<SVGGElement>("g.node")];
  }

  #node(name: string | undefined): GraphNode | undefined {
    return this.#drawn.nodes.find((node) => node.name === name);
  }

  #click(event: MouseEvent): void {
    if (this.#viewport?.dragged) return;
    const element = event.target instanceof Element ? event.target.closest<SVGGElement>("g.node") : null;
    this.#choose(element?.dataset["name"]);
    if (element) this.#jump(element.dataset["name"], false);
  }

  #jump(name: string | undefined, focus: boolean): void {
    const node = this.#node(name);
    if (node) this.#session.editor.jump(node.line, focus);
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const element = event.target instanceof Element ? event.target.closest<SVGGElement>("g.node") : null;
    if (element && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      const again = this.#chosen === element.dataset["name"];
      this.#choose(element.dataset["name"]);
      this.#jump(element.dataset["name"], again);
    } else if (event.key === "Escape") this.#choose(undefined);
    else if (this.#viewport?.key(event.key)) event.preventDefault();
  }

  /** Shows what this one has to do with; without a name, everything alike. */
  #choose(name: string | undefined): void {
    this.#chosen = name;
    const near = new Set([name]);
    for (const edge of this.#canvas.querySelectorAll<SVGElement>(".edge")) {
      const { from, to } = edge.dataset;
      const mine = name !== undefined && (from === name || to === name);
      edge.toggleAttribute("data-near", mine);
      if (mine) near.add(from).add(to);
    }
    for (const node of this.#nodes()) {
      node.toggleAttribute("data-near", near.has(node.dataset["name"]));
      node.setAttribute("aria-pressed", String(name !== undefined && node.dataset["name"] === name));
    }
    this.#canvas.toggleAttribute("data-chosen", name !== undefined);
    const node = this.#node(name);
    if (node) describe(this.#words, this.#drawn, node, () => this.#jump(name, true));
    else fill(this.#words, h("p", { class: "soft" }, HINT));
  }

  /** Marks the node in which the cursor is: the last one that begins at it or above. */
  #mark(line: number): void {
    const above = this.#drawn.nodes.filter((node) => node.line <= line);
    const present = above.reduce<GraphNode | undefined>((best, node) => (!best || node.line >= best.line ? node : best), undefined);
    for (const node of this.#nodes()) {
      node.toggleAttribute("data-present", present !== undefined && node.dataset["name"] === present.name);
    }
  }
}
