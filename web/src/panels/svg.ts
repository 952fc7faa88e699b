/** A drawing of the engine's, without its own colours: the page's style sheet has them, for light and dark. */
export function parseSvg(text: string): SVGSVGElement {
  // Taken out before it is parsed: the security policy refuses inline styles, and says so each time.
  const bare = text.replace(/<style>[^]*?<\/style>/g, "");
  const parsed = new DOMParser().parseFromString(bare, "image/svg+xml").documentElement;
  if (!(parsed instanceof SVGSVGElement)) throw new Error("the drawing could not be read");
  return document.importNode(parsed, true);
}
