import type { PolicyEditor } from "../editor/editor.ts";
import type { Diagnostic } from "../engine/face.ts";
import { announce } from "../ui/announce.ts";
import { button, fill, h, plain, prose } from "../ui/dom.ts";
import { plural } from "../ui/units.ts";

/** More would not be read before the first ones are mended. */
const MOST = 50;
const WORST: Diagnostic["severity"][] = ["error", "warning", "note"];
const SIGNS = { error: "✗", warning: "!", note: "·" } as const;

/** Everything that is wrong with the policy, below its text, each with what to do. */
export function problems(place: HTMLElement, editor: PolicyEditor, why: (code: string) => void): void {
  const summary = h("summary", {});
  const list = h("ul", {});
  const details = h("details", {}, summary, list);
  fill(place, details);
  let last = 0;
  editor.checked.watch((checked) => {
    if (!checked) {
      fill(summary, "Checking…");
      return;
    }
    const { diagnostics, errors, warnings } = checked;
    const parts = [errors ? plural(errors, "error") : "", warnings ? plural(warnings, "warning") : ""].filter(Boolean);
    const text = parts.join(", ") || "No problems";
    place.dataset["kind"] = errors ? "bad" : warnings ? "warn" : "good";
    fill(summary, h("span", { class: "sign", "aria-hidden": "true" }, errors ? "✗" : warnings ? "!" : "✓"), text);
    const worst = diagnostics.toSorted((one, other) => WORST.indexOf(one.severity) - WORST.indexOf(other.severity));
    fill(list, ...worst.slice(0, MOST).map((diagnostic) => item(diagnostic, editor, why)));
    if (diagnostics.length > MOST) list.append(h("li", { class: "soft" }, `and ${diagnostics.length - MOST} more`));
    if (errors > 0 && last === 0) details.open = true;
    if (diagnostics.length === 0) details.open = false;
    if (errors !== last) announce(`Policy: ${text}`);
    last = errors;
  });
}

function item(diagnostic: Diagnostic, editor: PolicyEditor, why: (code: string) => void): HTMLElement {
  const { severity, message, line, help, fix, code, related } = diagnostic;
  const text = h("p", {});
  text.append(prose(message));
  const aid = h("p", { class: "soft" });
  if (help) aid.append(prose(help));
  const beside = related
    .filter(({ label }) => label !== "")
    .map(({ label, line: other }) => {
      const made = h("li", {}, button(`line ${other}`, () => editor.jump(other), { class: "link" }), " ");
      made.append(prose(label));
      return made;
    });
  return h(
    "li",
    { class: severity },
    h("span", { class: "sign", role: "img", "aria-label": severity }, SIGNS[severity]),
    h(
      "div",
      {},
      text,
      beside.length > 0 && h("ul", { class: "related" }, ...beside),
      help !== undefined && aid,
      h(
        "div",
        { class: "do" },
        button(`line ${line}`, () => editor.jump(line), { class: "link" }),
        fix && button(`Fix: ${plain(fix.title)}`, () => editor.fix(diagnostic), { class: "primary small" }),
        button("Why?", () => why(code), { class: "link", title: code }),
      ),
    ),
  );
}
