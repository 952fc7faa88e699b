/** Tabs by the usual keys: arrows move between them, Home and End to the ends. */
export class Tabs<Name extends string> {
  readonly #list: HTMLElement;
  readonly #tabs: HTMLButtonElement[];
  #shown: Name | undefined;
  readonly #listeners: ((name: Name) => void)[] = [];

  /** `list` holds buttons with `data-tab` and `aria-controls`. */
  constructor(list: HTMLElement) {
    this.#list = list;
    this.#tabs = [...list.querySelectorAll("button")];
    list.addEventListener("click", (event) => {
      const tab = event.target instanceof Element ? event.target.closest("button") : null;
      if (tab) this.show(tab.dataset["tab"] as Name);
    });
    list.addEventListener("keydown", (event) => this.#key(event));
  }

  get shown(): Name | undefined {
    return this.#shown;
  }

  onShow(listener: (name: Name) => void): void {
    this.#listeners.push(listener);
  }

  show(name: Name): void {
    if (!this.#tabs.some((tab) => tab.dataset["tab"] === name)) return;
    for (const tab of this.#tabs) {
      const chosen = tab.dataset["tab"] === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
      panel?.toggleAttribute("data-shown", chosen);
      if (chosen) tab.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    if (this.#shown === name) return;
    this.#shown = name;
    for (const listener of this.#listeners) listener(name);
  }

  #key(event: KeyboardEvent): void {
    const visible = this.#tabs.filter((tab) => tab.offsetParent !== null);
    const at = visible.findIndex((tab) => tab === event.target);
    const to = {
      ArrowLeft: at - 1,
      ArrowRight: at + 1,
      Home: 0,
      End: visible.length - 1,
    }[event.key];
    const tab = to === undefined ? undefined : visible[(to + visible.length) % visible.length];
    if (!tab || at < 0) return;
    event.preventDefault();
    this.show(tab.dataset["tab"] as Name);
    tab.focus();
  }

  /** A figure behind a tab's name, as that of expectations missed. */
  badge(name: Name, text: string, kind: "" | "bad" | "good" = ""): void {
    const tab = this.#list.querySelector(`[data-tab="${name}"] .badge`);
    if (!(tab instanceof HTMLElement)) return;
    tab.textContent = text;
    tab.dataset["kind"] = kind;
    tab.hidden = text === "";
  }
}
