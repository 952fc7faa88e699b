/** What `h` takes: attributes, `true` for one without a value, and listeners by `on…`. */
export type Attributes = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;
export type Child = Node | string | undefined | false;

function give(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
}

/** Makes an element. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  give(element, attributes);
  fill(element, ...children);
  return element;
}

/** Puts these in place of what is inside. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((child): child is Node | string => child !== undefined && child !== false));
}

/** The element with this id, which the page is made with. */
export function byId<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return found;
}

/** A text in which `code` stands between backquotes, as messages have it. */
export function prose(text: string): DocumentFragment {
  const made = document.createDocumentFragment();
  text.split("`").forEach((part, index) => {
    if (part) made.append(index % 2 ? h("code", {}, part) : part);
  });
  return made;
}

/** The same where there is no room for code. */
export function plain(text: string): string {
  return text.replaceAll("`", "");
}

/** A button with a text. */
export function button(text: string, press: () => void, attributes: Attributes = {}): HTMLButtonElement {
  return h("button", { type: "button", onclick: press, ...attributes }, text);
}
