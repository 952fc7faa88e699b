import type { Compare } from "../panels/compare.ts";
import { toast } from "../ui/announce.ts";
import { button, h } from "../ui/dom.ts";
import { openDialog } from "../examples/dialog.ts";
import type { Tabs } from "../ui/tabs.ts";
import { encode, type Shared } from "./share.ts";
import type { Session, View } from "./session.ts";

/** Longer addresses are cut by programs through which they go. */
const LONG = 8_000;

/** The address that brings all this back. */
async function link(session: Session, compare: Compare, tabs: Tabs<View>): Promise<string> {
  const state: Shared = { a: session.editor.text.value, seed: session.seed.value };
  if (session.seeds.value > 1) state.seeds = session.seeds.value;
  if (compare.text !== undefined) state.b = compare.text;
  if (session.workload.value !== undefined) state.workload = session.workload.value;
  if (tabs.shown !== undefined) state.view = tabs.shown;
  const address = new URL(location.href);
  address.hash = await encode(state);
  return address.href;
}

/** Puts the state into the address, and the address where it can be pasted from. */
export async function share(session: Session, compare: Compare, tabs: Tabs<View>): Promise<void> {
  const address = await link(session, compare, tabs);
  history.replaceState(null, "", address);
  const log = session.log.value ? " The access log is not in it: it stays in this browser." : "";
  const long = address.length > LONG ? ` It is long (${address.length.toLocaleString("en")} characters): some programs cut such links.` : "";
  const input = h("textarea", { readonly: true, rows: 4, "aria-label": "The link" });
  input.value = address;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(address);
      toast("The link is copied.");
    } catch {
      input.select();
      toast("The browser does not let the page copy: the link is selected, copy it by the keyboard.");
    }
  };
  openDialog(
    "A link to exactly this",
    h(
      "p",
      {},
      "The policy, the other one, the traffic and the seed are in the link itself, after the #, which browsers send to nobody.",
      log,
      long,
    ),
    input,
    button("Copy the link", () => void copy(), { class: "primary" }),
  );
}
