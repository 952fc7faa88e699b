import { type Diagnostic as Shown, lintGutter, linter, setDiagnostics } from "@codemirror/lint";
import type { Extension, TransactionSpec } from "@codemirror/state";
import type { EditorState } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";
import type { Diagnostic } from "../engine/face.ts";
import { h, plain, prose } from "../ui/dom.ts";

/** Where messages are shown; who finds them is elsewhere. */
export function diagnosticsShown(): Extension {
  return [lintGutter(), linter(null, { autoPanel: false })];
}

/** Does what a fix says, if the text is still the one that it was made for. */
export function applyFix(view: EditorView, diagnostic: Diagnostic): void {
  const edits = diagnostic.fix?.edits ?? [];
  if (edits.some((edit) => edit.to > view.state.doc.length)) return;
  view.dispatch({
    changes: edits.map(({ from, to, text }) => ({ from, to, insert: text })),
    userEvent: "input.fix",
    scrollIntoView: true,
  });
}

function message(diagnostic: Diagnostic): Node {
  const made = h("div", {});
  made.append(prose(diagnostic.message));
  if (diagnostic.help) {
    const help = h("div", { class: "diagnostic-help" });
    help.append(prose(diagnostic.help));
    made.append(help);
  }
  return made;
}

/** As a transaction that shows these in place of those before. `why` opens the page of a code. */
export function showDiagnostics(
  state: EditorState,
  diagnostics: readonly Diagnostic[],
  why: (code: string) => void,
): TransactionSpec {
  const { length } = state.doc;
  const shown = diagnostics.map((diagnostic): Shown => {
    const from = Math.min(diagnostic.from, length);
    const fix = diagnostic.fix;
    const apply = (view: EditorView) => applyFix(view, diagnostic);
    return {
      from,
      to: Math.max(from, Math.min(diagnostic.to, length)),
      severity: diagnostic.severity === "note" ? "info" : diagnostic.severity,
      message: diagnostic.message,
      renderMessage: () => message(diagnostic),
      actions: [
        ...(fix ? [{ name: `Fix: ${plain(fix.title)}`, apply }] : []),
        { name: "Why?", apply: () => why(diagnostic.code) },
      ],
    };
  });
  return setDiagnostics(state, shown);
}
