import { type Extension, RangeSetBuilder, StateEffect } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from "@codemirror/view";

interface Tokens {
  /** (from, to, kind) of the whole text, ascending */
  triples: Uint32Array;
  /** what the kinds are called */
  kinds: readonly string[];
}

/** The language's own tokens of the present text. */
export const setTokens = StateEffect.define<Tokens>();

const marks = new Map<string, Decoration>();

function mark(kind: string): Decoration {
  const made = marks.get(kind) ?? Decoration.mark({ class: `tok-${kind}` });
  marks.set(kind, made);
  return made;
}

/** The first triple that ends after `offset`. */
function firstAfter(triples: Uint32Array, offset: number): number {
  let low = 0;
  let high = triples.length / 3;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((triples[middle * 3 + 1] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

function visible(view: EditorView, tokens: Tokens): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  const { length } = view.state.doc;
  for (const { from, to } of view.visibleRanges) {
    for (let at = firstAfter(tokens.triples, from); at * 3 < tokens.triples.length; at++) {
      const [start = 0, end = 0, kind = 0] = tokens.triples.subarray(at * 3, at * 3 + 3);
      if (start >= to || end > length) break;
      const name = tokens.kinds[kind];
      if (name && start < end) builder.add(start, end, mark(name));
    }
  }
  return builder.finish();
}

class Highlighter {
  decorations: DecorationSet = Decoration.none;
  /** Undefined while the text has changed and its tokens are not there yet. */
  #tokens: Tokens | undefined;

  update(update: ViewUpdate): void {
    if (update.docChanged) {
      this.#tokens = undefined;
      this.decorations = this.decorations.map(update.changes);
    }
    let fresh = update.viewportChanged;
    for (const transaction of update.transactions) {
      for (const effect of transaction.effects) {
        if (effect.is(setTokens)) {
          this.#tokens = effect.value;
          fresh = true;
        }
      }
    }
    if (fresh && this.#tokens) this.decorations = visible(update.view, this.#tokens);
  }
}

/** Colours what is in sight; until the tokens of a change are there, the old colours move along. */
export function highlighting(): Extension {
  return ViewPlugin.fromClass(Highlighter, { decorations: (plugin) => plugin.decorations });
}
