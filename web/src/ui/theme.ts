import { fill, h } from "./dom.ts";
import { icon } from "./icons.ts";

const CHOICES = ["auto", "light", "dark"] as const;
type Choice = (typeof CHOICES)[number];
const KEPT = "cachepolicy-theme";
const NAMES: Record<Choice, string> = { auto: "as the system", light: "light", dark: "dark" };
const ICONS = { auto: "auto", light: "sun", dark: "moon" } as const;

function kept(): Choice {
  try {
    const found = localStorage.getItem(KEPT);
    return CHOICES.find((choice) => choice === found) ?? "auto";
  } catch {
    return "auto";
  }
}

function keep(choice: Choice): void {
  try {
    localStorage.setItem(KEPT, choice);
  } catch {
    // A browser that keeps nothing still shows the theme until it is closed.
  }
}

/** Light, dark, or as the system has it: the button goes round. */
export function themeSwitch(button: HTMLButtonElement): void {
  let choice = kept();
  const show = () => {
    document.documentElement.dataset["theme"] = choice;
    fill(button, icon(ICONS[choice]), h("span", { class: "visually-hidden" }, `Colours: ${NAMES[choice]}`));
    button.title = `Colours: ${NAMES[choice]}`;
  };
  button.addEventListener("click", () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length] ?? "auto";
    keep(choice);
    show();
  });
  show();
}
