import type { Happening } from "../engine/face.ts";
import { announce } from "../ui/announce.ts";
import { button, fill, h, prose } from "../ui/dom.ts";
import { icon, type Icon } from "../ui/icons.ts";
import { type Copy, follow } from "./copies.ts";
import { Lanes } from "./lanes.ts";

/** Of the copies, those that changed last. */
const MOST_COPIES = 10;

function clock(at: number): string {
  const whole = Math.floor(at);
  const fraction = (at - whole).toFixed(6).slice(1);
  const two = (part: number) => String(part).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}${fraction}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** Whether readers are harmed by it: this is what one looks for. */
function isBad({ text }: Happening): boolean {
  return /out of date|somebody else|error/.test(text);
}

/** Steps through what happens, one at a time, with what the copies are then. */
export class Stepper {
  readonly element = h("div", { class: "stepper" });
  readonly #list = h("ol", { class: "happenings", role: "listbox", tabindex: 0, "aria-label": "What happens, in order. Arrow keys step" });
  readonly #now = h("div", { class: "now" });
  readonly #copies = h("div", { class: "copies" });
  readonly #place = h("span", { class: "place" });
  readonly #scroller = h("div", { class: "lanes-scroll", tabindex: 0, role: "img", "aria-label": "What becomes of each copy; the list says the same" });
  readonly #names = h("ol", { class: "lane-names", "aria-hidden": "true" });
  #happenings: readonly Happening[] = [];
  #states: Map<string, Copy>[] = [];
  #items: HTMLElement[] = [];
  #lanes: Lanes | undefined;
  #at = 0;

  constructor() {
    const tool = (name: Icon, label: string, press: () => void) => {
      const made = button("", press, { class: "quiet square", "aria-label": label, title: label });
      made.append(icon(name));
      return made;
    };
    const tools = h(
      "div",
      { class: "steps" },
      tool("first", "First (Home)", () => this.go(0)),
      tool("left", "Previous (←)", () => this.go(this.#at - 1)),
      tool("right", "Next (→)", () => this.go(this.#at + 1)),
      tool("last", "Last (End)", () => this.go(this.#happenings.length - 1)),
      this.#place,
      button("Next harm", () => this.#harm(), { class: "quiet small", title: "The next answer that is out of date, or somebody else's (h)" }),
    );
    const drawing = h("div", { class: "lanes-box" }, this.#names, this.#scroller);
    const keys = h("p", { class: "soft keys" }, h("kbd", {}, "←"), " ", h("kbd", {}, "→"), " step, ", h("kbd", {}, "h"), " goes to the next harm");
    const now = h("div", { class: "now-box" }, tools, keys, this.#now, this.#copies);
    fill(this.element, drawing, h("div", { class: "step-columns" }, this.#list, now));
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.#list.addEventListener("click", (event) => {
      const item = event.target instanceof Element ? event.target.closest("li") : null;
      if (item) this.go(this.#items.indexOf(item));
    });
  }

  /** These in place of those before; from the first harm, else from the start. */
  show(happenings: readonly Happening[], start: "harm" | "start"): void {
    this.#happenings = happenings;
    this.#states = follow(happenings);
    this.#items = happenings.map((happening, index) => this.#item(happening, index));
    fill(this.#list, ...this.#items);
    this.#lanes = new Lanes(happenings, this.#states, (index) => this.go(index));
    fill(this.#scroller, this.#lanes.element);
    fill(this.#names, ...this.#lanes.keys.map((key) => h("li", { title: key }, key)));
    this.element.querySelector(".lanes-box")?.toggleAttribute("hidden", this.#lanes.keys.length === 0);
    const harm = happenings.findLastIndex((happening) => isBad(happening) && happening.key !== undefined);
    this.go(start === "harm" && harm >= 0 ? harm : 0);
  }

  focus(): void {
    this.#list.focus();
  }

  #item({ at, kind, text, request }: Happening, index: number): HTMLElement {
    const bad = isBad({ at, kind, text });
    const said = h("span", { class: "said" });
    said.append(prose(text));
    return h(
      "li",
      { role: "option", id: `happening-${index}`, class: bad ? `did-${kind} bad` : `did-${kind}`, "aria-selected": "false" },
      h("time", {}, clock(at)),
      h("span", { class: "who", "data-request": request === undefined ? undefined : request % 6 }, request === undefined ? "" : `#${request}`),
      said,
    );
  }

  go(to: number): void {
    const happening = this.#happenings[Math.max(0, Math.min(to, this.#happenings.length - 1))];
    if (!happening) return;
    const at = this.#happenings.indexOf(happening);
    this.#items[this.#at]?.setAttribute("aria-selected", "false");
    this.#at = at;
    const item = this.#items[at];
    item?.setAttribute("aria-selected", "true");
    this.#list.setAttribute("aria-activedescendant", `happening-${at}`);
    if (item) this.#reveal(item);
    this.#lanes?.show(at);
    this.#place.textContent = `${at + 1} of ${this.#happenings.length}`;
    this.#tell(happening, at);
  }

  #reveal(item: HTMLElement): void {
    const list = this.#list;
    // The list is what its items are placed by.
    const top = item.offsetTop;
    if (top < list.scrollTop || top + item.offsetHeight > list.scrollTop + list.clientHeight) {
      list.scrollTop = top - list.clientHeight / 2;
    }
  }

  #tell(happening: Happening, at: number): void {
    const said = h("p", { class: isBad(happening) ? "said bad" : "said" });
    said.append(prose(happening.text));
    const facts: [string, string | undefined][] = [
      ["at", clock(happening.at)],
      ["request", happening.request?.toString()],
      ["process", happening.process?.toString()],
      ["level", happening.level],
      ["key", happening.key],
    ];
    const known = facts.filter((fact): fact is [string, string] => fact[1] !== undefined);
    fill(this.#now, said, h("dl", {}, ...known.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)])));
    const copies = [...(this.#states[at]?.values() ?? [])].sort((one, other) => other.since - one.since);
    const rows = copies.slice(0, MOST_COPIES).map((copy) =>
      h(
        "li",
        { class: copy.since === at ? `${copy.state} changed` : copy.state },
        h("span", { class: "state" }, copy.words),
        h("code", {}, copy.key),
      ),
    );
    fill(this.#copies, h("h3", {}, "The copies now"), rows.length ? h("ul", {}, ...rows) : h("p", { class: "soft" }, "none yet"));
    if (copies.length > rows.length) this.#copies.append(h("p", { class: "soft" }, `and ${copies.length - rows.length} that changed before`));
    announce(`${clock(happening.at)}: ${happening.text}`);
  }

  #harm(): void {
    const next = this.#happenings.findIndex((happening, index) => index > this.#at && isBad(happening));
    const first = this.#happenings.findIndex(isBad);
    if (next >= 0) this.go(next);
    else if (first >= 0) this.go(first);
    else announce("Nothing here is out of date.");
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLInputElement) return;
    const does: Record<string, () => void> = {
      ArrowRight: () => this.go(this.#at + 1),
      ArrowDown: () => this.go(this.#at + 1),
      ArrowLeft: () => this.go(this.#at - 1),
      ArrowUp: () => this.go(this.#at - 1),
      PageDown: () => this.go(this.#at + 10),
      PageUp: () => this.go(this.#at - 10),
      Home: () => this.go(0),
      End: () => this.go(this.#happenings.length - 1),
      h: () => this.#harm(),
    };
    const act = does[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
