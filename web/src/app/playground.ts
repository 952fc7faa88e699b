import { PolicyEditor } from "../editor/editor.ts";
import { gallery } from "../examples/gallery.ts";
import { FIRST } from "../examples/policies.ts";
import { Stories } from "../examples/story.ts";
import { Compare } from "../panels/compare.ts";
import { Graph } from "../panels/graph.ts";
import { problems } from "../panels/problems.ts";
import { Proofs } from "../panels/proofs.ts";
import { Asked } from "../panels/request.ts";
import { Results } from "../panels/results.ts";
import { Timeline } from "../panels/timeline.ts";
import { chooseLog, traffic } from "../panels/traffic.ts";
import { toast } from "../ui/announce.ts";
import { byId, fill } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";
import { NARROW } from "../ui/narrow.ts";
import { Tabs } from "../ui/tabs.ts";
import { themeSwitch } from "../ui/theme.ts";
import { share } from "./links.ts";
import { Session, type View } from "./session.ts";
import type { Shared } from "./share.ts";
import { splitter } from "./splitter.ts";
import { welcome } from "./welcome.ts";

const VIEWS = ["policy", "results", "graph", "proofs", "timeline", "compare", "request"] as const;
/** The page: its parts, and what ties them together. */
export class Playground {
  readonly session: Session;
  readonly #tabs = new Tabs<View>(byId("tabs", HTMLElement));
  readonly #compare: Compare;
  readonly #narrow = matchMedia(NARROW);

  constructor(state: Shared) {
    const why = (code: string) => void stories.explain(code);
    const editor = new PolicyEditor(byId("editor", HTMLElement), { label: "Policy", text: state.a, why, complain: toast, reveal: () => this.#reveal() });
    this.session = new Session(editor);
    const { session } = this;
    const panel = (name: View) => byId(name, HTMLElement);
    const timeline = new Timeline(panel("timeline"), session);
    const play = (level?: string, model?: string) => {
      this.#tabs.show("timeline");
      timeline.play(level, model);
    };
    const stories = new Stories(session, (view) => (view === "timeline" ? play() : this.#tabs.show(view)));
    const shown = {
      graph: new Graph(panel("graph"), session),
      proofs: new Proofs(panel("proofs"), session, play),
      timeline,
      compare: (this.#compare = new Compare(panel("compare"), session, why)),
      request: new Asked(panel("request"), session),
    };
    const results = new Results(panel("results"), session);
    traffic(session);
    problems(byId("problems", HTMLElement), editor, why);
    this.#tabs.onShow((view) => {
      byId("main", HTMLElement).dataset["view"] = view;
      for (const [name, part] of Object.entries(shown)) part.shown = name === view;
    });
    this.#badges();
    this.#buttons(stories);
    const ways = { knobs: () => results.openKnobs(), worst: () => play(), mistakes: () => this.#gallery(stories), log: chooseLog };
    const first = welcome(ways, state.a === FIRST?.text);
    if (first) panel("results").prepend(first);
    this.#narrow.addEventListener("change", () => this.#fit());
    this.restore(state);
  }

  /** Brings back what a link holds. */
  restore(state: Shared): void {
    const { session } = this;
    session.log.set(undefined);
    session.workload.set(state.workload);
    session.seed.set(state.seed ?? 0);
    session.seeds.set(state.seeds ?? 1);
    session.editor.load(state.a);
    if (state.b !== undefined) this.#compare.open(state.b);
    this.#tabs.show(VIEWS.find((view) => view === state.view) ?? "results");
    this.#fit();
  }

  /** Where there is room for both, the text is no view of its own. */
  #fit(): void {
    if (!this.#narrow.matches && this.#tabs.shown === "policy") this.#tabs.show("results");
  }

  /** Where the text is not in sight, it comes into sight. */
  #reveal(): void {
    if (this.#narrow.matches) this.#tabs.show("policy");
    else if (byId("main", HTMLElement).hasAttribute("data-wide")) byId("wide", HTMLButtonElement).click();
  }

  #badges(): void {
    const { session } = this;
    session.editor.checked.watch((checked) => {
      const bad = (checked?.errors ?? 0) > 0;
      const many = (checked?.errors ?? 0) + (checked?.warnings ?? 0);
      this.#tabs.badge("policy", many ? String(many) : "", bad ? "bad" : "");
      byId("policy-name", HTMLElement).textContent = checked?.outline?.policy ?? "Policy";
    });
    session.ran.watch((ran) => {
      const expectations = ran?.report.expectations ?? [];
      const missed = expectations.filter(({ held }) => held === false).length;
      const held = expectations.filter(({ held: kept }) => kept === true).length;
      this.#tabs.badge("results", missed ? `✗ ${missed}` : held ? `✓ ${held}` : "", missed ? "bad" : "good");
    });
  }

  #buttons(stories: Stories): void {
    const { session } = this;
    themeSwitch(byId("theme", HTMLButtonElement));
    splitter(byId("splitter", HTMLElement), byId("main", HTMLElement));
    byId("examples-open", HTMLButtonElement).addEventListener("click", () => this.#gallery(stories));
    byId("share", HTMLButtonElement).addEventListener("click", () => void share(session, this.#compare, this.#tabs));
    byId("format", HTMLButtonElement).addEventListener("click", () => void session.editor.format());
    const wide = byId("wide", HTMLButtonElement);
    fill(wide, icon("wide"));
    wide.addEventListener("click", () => {
      const pressed = byId("main", HTMLElement).toggleAttribute("data-wide");
      wide.setAttribute("aria-pressed", String(pressed));
    });
  }

  #gallery(stories: Stories): void {
    const { session } = this;
    gallery(stories, ({ text }) => {
      stories.end();
      session.log.set(undefined);
      session.workload.set(undefined);
      session.editor.load(text);
      this.#tabs.show("results");
    });
  }
}
