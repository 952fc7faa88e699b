import { button } from "../ui/dom.ts";

const SIGNS: Record<string, string> = { "✓": "good", "✗": "bad" };

/** Gives the signs of claims their colours. */
export function colourSigns(report: HTMLElement): void {
  for (const cell of report.querySelectorAll("td")) {
    const meaning = SIGNS[cell.textContent?.trim().charAt(0) ?? ""];
    if (meaning) cell.classList.add(meaning);
  }
}

/** Makes each `FILE:12` of a report a way to line 12; whoever listens for clicks finds it in `data-line`. */
export function linkLines(report: HTMLElement, file: string): void {
  const texts = document.createTreeWalker(report, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (node instanceof Text && node.data.includes(`${file}:`) && !node.parentElement?.closest("svg")) found.push(node);
  }
  for (const node of found) node.replaceWith(...linked(node.data, file));
}

function linked(text: string, file: string): (string | HTMLElement)[] {
  return text.split(`${file}:`).flatMap((part, at) => {
    const line = at > 0 ? /^\d+/.exec(part)?.[0] : undefined;
    if (line === undefined) return [at > 0 ? `${file}:${part}` : part];
    return [button(`line ${line}`, () => {}, { class: "link", "data-line": line }), part.slice(line.length)];
  });
}
