import { button, h } from "../ui/dom.ts";
import { closeDialog, openDialog } from "./dialog.ts";
import { MISTAKES } from "./mistakes.ts";
import { type Example, examples } from "./policies.ts";
import type { Stories } from "./story.ts";

/** Policies to start from, and ten mistakes to learn from. */
export function gallery(stories: Stories, load: (example: Example) => void): void {
  const policies = examples.map((example) => {
    const open = () => {
      closeDialog();
      load(example);
    };
    return h(
      "li",
      {},
      h("button", { type: "button", class: "card", onclick: open, "data-example": example.name }, h("strong", {}, example.title), h("span", {}, example.what)),
    );
  });
  const mistakes = MISTAKES.map(({ code, title }) =>
    h(
      "li",
      { class: "mistake" },
      h("div", {}, h("strong", {}, title), h("code", {}, code)),
      h(
        "div",
        { class: "do" },
        button("Show me", () => void stories.open(code, false), { class: "quiet small", "aria-label": `Show me: ${title}`, "data-mistake": code }),
        button("Mend it", () => void stories.open(code, true), { class: "quiet small", "aria-label": `Mend it: ${title}` }),
      ),
    ),
  );
  openDialog(
    "Something to start from",
    h("ul", { class: "cards" }, ...policies),
    h("h3", {}, "Ten mistakes that are made everywhere"),
    h("p", { class: "soft" }, "Each is a policy with one thing wrong. “Show me” plays what can happen to a reader, step by step."),
    h("ol", { class: "mistakes" }, ...mistakes),
  );
}
