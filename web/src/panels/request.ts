import type { Session } from "../app/session.ts";
import { language } from "../engine/language.ts";
import { announce } from "../ui/announce.ts";
import { fill, h } from "../ui/dom.ts";

/** `name: value` a line. */
function pairs(text: string, between: string): [string, string][] {
  return text
    .split("\n")
    .map((line) => line.split(between))
    .filter((parts) => parts.length > 1)
    .map(([name = "", ...rest]) => [name.trim(), rest.join(between).trim()]);
}

/** What happens to one request, or to one write: which levels, keys, lifetimes, and what removes them. */
export class Asked {
  readonly #session: Session;
  readonly #url = h("input", { type: "text", value: "/", spellcheck: "false", autocomplete: "off" });
  readonly #user = h("input", { type: "text", placeholder: "nobody", autocomplete: "off" });
  readonly #headers = h("textarea", { rows: 2, spellcheck: "false", placeholder: "accept-language: fr" });
  readonly #cookies = h("textarea", { rows: 2, spellcheck: "false", placeholder: "currency=USD" });
  readonly #write = h("input", { type: "text", spellcheck: "false", autocomplete: "off", placeholder: "Article update slug=old:new" });
  readonly #answer = h("pre", { class: "answer", tabindex: 0, role: "region", "aria-label": "What happens" });
  #last: "request" | "write" = "request";
  #touched = false;

  constructor(panel: HTMLElement, session: Session) {
    this.#session = session;
    const field = (label: string, input: HTMLElement) => h("label", { class: "field" }, h("span", {}, label), input);
    const request = h(
      "form",
      { "aria-label": "A request" },
      field("Address", this.#url),
      field("User", this.#user),
      field("Headers, one a line", this.#headers),
      field("Cookies, one a line", this.#cookies),
      h("button", { type: "submit", class: "primary" }, "What happens to this request?"),
    );
    const write = h(
      "form",
      { "aria-label": "A write" },
      field("Or a write", this.#write),
      h("button", { type: "submit", class: "quiet" }, "What does it remove?"),
    );
    const asks = (form: HTMLFormElement, kind: "request" | "write") =>
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.#last = kind;
        void this.#ask();
      });
    asks(request, "request");
    asks(write, "write");
    this.#url.addEventListener("input", () => {
      this.#touched = true;
    });
    fill(panel, h("div", { class: "asked" }, h("div", { class: "asking" }, request, write), this.#answer));
  }

  set shown(shown: boolean) {
    if (shown) void this.#begin();
  }

  /** Starts with an address that the policy answers. */
  async #begin(): Promise<void> {
    if (!this.#touched && this.#url.value === "/") {
      const route = /route\s+GET\s+"([^"*]+)"/.exec(this.#session.editor.text.value)?.[1];
      if (route) this.#url.value = route.replace(/\{[^}]*\}/g, "something");
    }
    await this.#ask();
  }

  async #ask(): Promise<void> {
    const text = this.#session.editor.text.value;
    try {
      const found =
        this.#last === "request"
          ? await language.ask("explainRequest", text, {
              url: this.#url.value,
              headers: pairs(this.#headers.value, ":"),
              cookies: pairs(this.#cookies.value, "="),
              ...(this.#user.value && { user: this.#user.value }),
            })
          : await language.ask("explainWrite", text, this.#write.value);
      this.#answer.textContent = found?.text ?? "The policy has errors: ask again when they are mended.";
    } catch (error) {
      this.#answer.textContent = error instanceof Error ? error.message : String(error);
    }
    announce("The answer is there.");
  }
}
