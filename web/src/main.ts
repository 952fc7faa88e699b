import { Playground } from "./app/playground.ts";
import { decode, type Shared } from "./app/share.ts";
import { FIRST } from "./examples/policies.ts";
import { toast } from "./ui/announce.ts";

const KEPT = "cachepolicy-text";

/** What was there when the page was left. */
function kept(): string | undefined {
  try {
    return sessionStorage.getItem(KEPT) ?? undefined;
  } catch {
    return undefined;
  }
}

async function fromLink(): Promise<Shared | undefined> {
  try {
    return await decode(location.hash);
  } catch {
    toast("The link is damaged: it may have been cut on its way. This is an example in its place.");
    return undefined;
  }
}

const shared = await fromLink();
const playground = new Playground(shared ?? { a: kept() ?? FIRST?.text ?? "" });

playground.session.editor.text.watch((text) => {
  try {
    sessionStorage.setItem(KEPT, text);
  } catch {
    // A browser that keeps nothing loses the text when the page is left.
  }
});
playground.session.editor.text.onChange(() => {
  // What the link held is no longer what is there: after a reload the text counts.
  if (location.hash !== "") history.replaceState(null, "", location.pathname + location.search);
});

// Another link, put into the same page's address.
window.addEventListener("hashchange", () => {
  void fromLink().then((state) => {
    if (state) playground.restore(state);
  });
});

if ("serviceWorker" in navigator && import.meta.env.PROD) {
  // Without one the page works as well, but not without a network.
  navigator.serviceWorker.register(new URL("./sw.js", document.baseURI)).catch(() => {});
}
