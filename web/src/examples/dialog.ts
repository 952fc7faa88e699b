import { byId, fill, h, prose } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";

/** The one dialog of the page: closes by Escape, by its button, and by a click beside it. */
export function openDialog(title: string, ...content: (Node | string)[]): void {
  const dialog = byId("dialog", HTMLDialogElement);
  const close = h("button", { type: "button", class: "quiet square", "aria-label": "Close", onclick: () => dialog.close() }, icon("close"));
  fill(
    dialog,
    h("header", {}, h("h2", { id: "dialog-title" }, prose(title)), close),
    h("div", { class: "dialog-body" }, ...content),
  );
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close();
  };
  if (!dialog.open) dialog.showModal();
}

export function closeDialog(): void {
  byId("dialog", HTMLDialogElement).close();
}
