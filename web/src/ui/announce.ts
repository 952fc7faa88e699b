import { byId } from "./dom.ts";

let last = "";

/** Tells those who do not see the page, once what is being read is over. */
export function announce(text: string): void {
  if (text === last) return;
  last = text;
  byId("announcer", HTMLElement).textContent = text;
}

let timer: ReturnType<typeof setTimeout> | undefined;

/** Says for some seconds that something was done. */
export function toast(text: string): void {
  const place = byId("toast", HTMLElement);
  place.textContent = text;
  place.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => {
    place.hidden = true;
  }, 4_000);
  announce(text);
}
