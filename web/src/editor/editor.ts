import { closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewlineKeepIndent } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, searchKeymap } from "@codemirror/search";
import { EditorState, Prec } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { Analysis } from "../app/analysis.ts";
import { Signal } from "../app/signal.ts";
import type { Checked, Diagnostic } from "../engine/face.ts";
import { language } from "../engine/language.ts";
import { assistance } from "./assist.ts";
import { applyFix, diagnosticsShown, showDiagnostics } from "./diagnostics.ts";
import { highlighting, setTokens } from "./highlight.ts";
import { flashLine, marks, setVerdicts, type Verdict } from "./marks.ts";
import { theme } from "./theme.ts";

export interface EditorOptions {
  /** what screen readers call it */
  label: string;
  text: string;
  why(code: string): void;
  /** says what went wrong, as a format of a text that cannot be read */
  complain(message: string): void;
  /** makes sure that the text is in sight, before a line of it is shown */
  reveal?(): void;
}

const FLASH = 1_200;

/** A policy's text: typed, coloured and checked. */
export class PolicyEditor {
  readonly text: Signal<string>;
  /** What was found of the text; undefined until the first answer. */
  readonly checked = new Signal<Checked | undefined>(undefined);
  /** The line with the cursor, from 1. */
  readonly line = new Signal(1);
  readonly view: EditorView;
  readonly #analysis: Analysis;
  readonly #options: EditorOptions;
  #checkedText: string | undefined;
  #flash: ReturnType<typeof setTimeout> | undefined;

  constructor(host: HTMLElement, options: EditorOptions) {
    this.#options = options;
    this.text = new Signal(options.text);
    // A shadow root has constructed style sheets, which a strict content security policy lets pass.
    const root = host.attachShadow({ mode: "open" });
    this.view = new EditorView({
      parent: root,
      root,
      state: EditorState.create({ doc: options.text, extensions: this.#extensions() }),
    });
    this.#analysis = new Analysis({
      analysed: ({ triples, checked }, kinds) => {
        const { state } = this.view;
        this.view.dispatch(showDiagnostics(state, checked.diagnostics, options.why), {
          effects: setTokens.of({ triples, kinds }),
        });
        this.#checkedText = this.text.value;
        this.checked.set(checked);
      },
      failed: options.complain,
    });
    this.#analysis.want(options.text);
  }

  /** Whether what was found is of the present text, and not of the one before. */
  get isChecked(): boolean {
    return this.#checkedText === this.text.value;
  }

  #extensions() {
    return [
      lineNumbers(),
      diagnosticsShown(),
      highlightActiveLineGutter(),
      highlightActiveLine(),
      history(),
      drawSelection(),
      bracketMatching({ brackets: "(){}[]" }),
      closeBrackets(),
      highlightSelectionMatches(),
      highlighting(),
      marks(),
      assistance(),
      theme,
      EditorView.lineWrapping,
      EditorState.tabSize.of(2),
      EditorState.languageData.of(() => [{ commentTokens: { line: "#" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } }]),
      EditorView.contentAttributes.of({ "aria-label": this.#options.label, spellcheck: "false", autocorrect: "off", tabindex: "0" }),
      Prec.high(
        keymap.of([
          { key: "Mod-s", preventDefault: true, run: () => this.#formatNow() },
          { key: "Shift-Alt-f", preventDefault: true, run: () => this.#formatNow() },
        ]),
      ),
      keymap.of([
        ...closeBracketsKeymap,
        ...completionKeymap,
        { key: "Enter", run: insertNewlineKeepIndent },
        ...defaultKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...lintKeymap,
      ]),
      EditorView.updateListener.of((update) => {
        if (update.selectionSet || update.docChanged) {
          const { doc, selection } = update.state;
          this.line.set(doc.lineAt(selection.main.head).number);
        }
        if (!update.docChanged) return;
        const text = update.state.doc.toString();
        this.#analysis.want(text);
        this.text.set(text);
      }),
    ];
  }

  /** Puts this text in place of the present one, changing no more than what differs, so that `undo` brings it back. */
  replace(text: string): void {
    const old = this.view.state.doc.toString();
    if (old === text) return;
    const least = Math.min(old.length, text.length);
    let head = 0;
    while (head < least && old[head] === text[head]) head++;
    let tail = 0;
    while (tail < least - head && old[old.length - 1 - tail] === text[text.length - 1 - tail]) tail++;
    this.view.dispatch({
      changes: { from: head, to: old.length - tail, insert: text.slice(head, text.length - tail) },
      userEvent: "input.replace",
    });
  }

  /** Another policy altogether: from its beginning. */
  load(text: string): void {
    this.replace(text);
    this.view.dispatch({ selection: { anchor: 0 }, effects: [setVerdicts.of([]), EditorView.scrollIntoView(0)] });
  }

  /** Brings a line into sight, and shows for a moment which it is. */
  jump(line: number, focus = true): void {
    if (focus) this.#options.reveal?.();
    const { doc } = this.view.state;
    const place = doc.line(Math.max(1, Math.min(line, doc.lines)));
    this.view.dispatch({
      selection: { anchor: place.from },
      effects: [EditorView.scrollIntoView(place.from, { y: "center" }), flashLine.of(place.number)],
    });
    if (focus) this.view.focus();
    clearTimeout(this.#flash);
    this.#flash = setTimeout(() => this.view.dispatch({ effects: flashLine.of(0) }), FLASH);
  }

  showVerdicts(verdicts: readonly Verdict[]): void {
    this.view.dispatch({ effects: setVerdicts.of(verdicts) });
  }

  fix(diagnostic: Diagnostic): void {
    applyFix(this.view, diagnostic);
    this.view.focus();
  }

  /** Lays the text out as `fmt` does; says why where it cannot be read. */
  async format(): Promise<void> {
    const before = this.text.value;
    try {
      const after = await language.ask("format", before);
      if (this.text.value === before) this.replace(after);
    } catch (error) {
      this.#options.complain(error instanceof Error ? error.message : String(error));
    }
  }

  #formatNow(): boolean {
    void this.format();
    return true;
  }
}
