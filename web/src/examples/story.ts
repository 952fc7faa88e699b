import type { Session } from "../app/session.ts";
import { toast } from "../ui/announce.ts";
import { button, byId, fill, h, prose } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";
import { NARROW } from "../ui/narrow.ts";
import { closeDialog, openDialog } from "./dialog.ts";
import { type Lesson, lesson, MISTAKES } from "./mistakes.ts";

/** Leads through mistakes: each is put into the editor, shown, and mended. */
export class Stories {
  readonly #place = byId("story", HTMLElement);
  readonly #session: Session;
  readonly #show: (view: Lesson["view"]) => void;
  #pending: { text: string; code: string } | undefined;

  /** `show` plays the worst case of the present policy, or what its traffic comes to. */
  constructor(session: Session, show: (view: Lesson["view"]) => void) {
    this.#session = session;
    this.#show = show;
    const narrow = matchMedia(NARROW);
    const put = () => (narrow.matches ? byId("panels", HTMLElement).prepend(this.#place) : byId("editor", HTMLElement).before(this.#place));
    narrow.addEventListener("change", put);
    put();
    session.editor.checked.onChange(() => this.#point());
  }

  /** When a mistake has been checked, brings the line that it is about into sight. */
  #point(): void {
    const { editor } = this.#session;
    const wanted = this.#pending;
    this.#pending = undefined;
    if (!wanted || editor.text.value !== wanted.text) return;
    const found = editor.checked.value?.diagnostics.find(({ code }) => code === wanted.code);
    if (found) editor.jump(found.line, false);
  }

  end(): void {
    this.#place.hidden = true;
  }

  /** What a code means, and both its examples. */
  async explain(code: string): Promise<void> {
    const found = await this.#lesson(code);
    if (!found) return;
    const { page } = found;
    const take = (text: string) => () => {
      closeDialog();
      this.#begin(found, text === found.mended);
    };
    openDialog(
      page.what,
      h("p", { class: "soft" }, h("code", {}, page.code)),
      ...page.why.split("\n\n").map((part) => h("p", {}, prose(part))),
      ...(page.allow ? [h("p", {}, h("strong", {}, "Allow it where: "), prose(page.allow))] : []),
      h("h3", {}, "With it"),
      h("pre", { tabindex: 0 }, page.failing),
      button("Show me", take(found.failing), { class: "quiet" }),
      h("h3", {}, "Without it"),
      h("pre", { tabindex: 0 }, page.mended),
      button("Open this one", take(found.mended), { class: "quiet" }),
    );
  }

  /** Puts a mistake into the editor, or how it is mended. */
  async open(code: string, mended: boolean): Promise<void> {
    closeDialog();
    const found = await this.#lesson(code);
    if (found) this.#begin(found, mended);
  }

  /** What a code means; says so where that cannot be had. */
  async #lesson(code: string): Promise<Lesson | undefined> {
    try {
      const found = await lesson(code);
      if (!found) toast(`There is no page about ${code}.`);
      return found;
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  #begin(found: Lesson, mended: boolean): void {
    const { editor } = this.#session;
    this.#session.log.set(undefined);
    editor.load(mended ? found.mended : found.failing);
    this.#tell(found, mended);
    this.#pending = { text: editor.text.value, code: found.page.code };
    this.#show(found.view);
  }

  #tell(found: Lesson, mended: boolean): void {
    const { code, what } = found.page;
    const at = MISTAKES.findIndex((mistake) => mistake.code === code);
    const next = at < 0 ? undefined : MISTAKES[(at + 1) % MISTAKES.length];
    const close = h("button", { type: "button", class: "quiet square small", "aria-label": "End of the lesson", onclick: () => this.end() }, icon("close"));
    const text = h("p", {});
    if (mended) text.append("This is how it is mended: look at what is proved of it now.");
    else text.append(prose(what));
    const title = MISTAKES[at]?.title ?? code;
    fill(
      this.#place,
      h(
        "div",
        { class: "story-head" },
        h("strong", {}, at < 0 ? title : `${at + 1} of ${MISTAKES.length}: ${title}`),
        close,
      ),
      text,
      h(
        "div",
        { class: "do" },
        mended
          ? button("Back to the mistake", () => this.#begin(found, false), { class: "quiet small" })
          : button("Mend it", () => this.#begin(found, true), { class: "primary small" }),
        button("Why?", () => void this.explain(code), { class: "quiet small" }),
        next && button("Next mistake", () => void this.open(next.code, false), { class: "quiet small" }),
      ),
    );
    this.#place.dataset["kind"] = mended ? "good" : "bad";
    this.#place.hidden = false;
  }
}
