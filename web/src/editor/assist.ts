import { autocompletion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import { type EditorView, hoverTooltip, keymap } from "@codemirror/view";
import { language } from "../engine/language.ts";
import { h, prose } from "../ui/dom.ts";

async function completions(context: CompletionContext): Promise<CompletionResult | null> {
  const before = context.matchBefore(/[\w.-]+$/);
  if (!before && !context.explicit) return null;
  const found = await language.ask("complete", context.state.doc.toString(), context.pos);
  if (context.aborted || found.items.length === 0) return null;
  return {
    from: found.from,
    options: found.items.map(({ label, kind, detail, info }) => ({
      label,
      type: kind,
      detail,
      ...(info && { info: () => h("div", {}, prose(info)) }),
    })),
    validFor: /^[\w-]*$/,
  };
}

const hovers = hoverTooltip(async (view, offset) => {
  const found = await language.ask("hover", view.state.doc.toString(), offset);
  if (!found) return null;
  return {
    pos: found.from,
    end: found.to,
    create: () => {
      const text = h("div", { class: "hover-text" });
      text.append(prose(found.text));
      return { dom: h("div", { class: "hover" }, h("div", { class: "hover-title" }, found.title), text) };
    },
  };
});

async function toDefinition(view: EditorView): Promise<void> {
  const text = view.state.doc.toString();
  const found = await language.ask("definition", text, view.state.selection.main.head);
  if (!found || view.state.doc.toString() !== text) return;
  view.dispatch({ selection: { anchor: found.from, head: found.to }, scrollIntoView: true });
}

/** What can stand here, what this is, and where it is declared. */
export function assistance(): Extension {
  const definition = (view: EditorView) => {
    void toDefinition(view);
    return true;
  };
  return [autocompletion({ override: [completions], icons: false }), hovers, keymap.of([{ key: "F12", run: definition }])];
}
