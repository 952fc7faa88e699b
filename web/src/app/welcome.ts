import { button, h } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";

const KEPT = "cachepolicy-welcomed";

interface Ways {
  knobs(): void;
  worst(): void;
  mistakes(): void;
  log(): void;
}

function welcomed(): boolean {
  try {
    return localStorage.getItem(KEPT) !== null;
  } catch {
    return false;
  }
}

/**
 * What to do first, for who sees the page for the first time; nothing for who has closed it. `isExample`: what is there
 * is the first example, and nothing that a link brought.
 */
export function welcome(ways: Ways, isExample: boolean): HTMLElement | undefined {
  if (welcomed()) return undefined;
  const made = h("aside", { class: "welcome", "aria-label": "First steps" });
  const close = () => {
    made.remove();
    try {
      localStorage.setItem(KEPT, "1");
    } catch {
      // It is there again next time.
    }
  };
  const what = isExample
    ? "On the left, how a small news site caches. Here, an hour of its traffic, simulated in your browser."
    : "On the left, how a service caches. Here, its traffic, simulated in your browser.";
  const step = (text: string, comes: string, press: () => void) =>
    h("li", {}, button(text, press, { class: "link" }), h("span", {}, ` ${comes}`));
  made.append(
    h(
      "div",
      { class: "story-head" },
      h("p", {}, h("strong", {}, what)),
      h("button", { type: "button", class: "quiet square small", "aria-label": "Close", onclick: close }, icon("close")),
    ),
    h(
      "ol",
      {},
      step("Turn a knob", "and watch hits and staleness change.", ways.knobs),
      step("Step through the worst", "that can happen to a reader.", ways.worst),
      step("Look at a mistake", "that is made everywhere, and mend it.", ways.mistakes),
      step("Use your own access log", "– it stays in this browser.", ways.log),
    ),
  );
  return made;
}
