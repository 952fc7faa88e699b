const PATHS = {
  play: "M5 3.5v9l7-4.5z",
  stop: "M4 4h8v8H4z",
  share: "M6.5 9.5l3-3M7 4.8l1-1a2.6 2.6 0 013.7 3.7l-1 1M9 11.2l-1 1a2.6 2.6 0 01-3.7-3.7l1-1",
  sun: "M8 5.2a2.8 2.8 0 110 5.6 2.8 2.8 0 010-5.6M8 1.5v1.4M8 13.1v1.4M1.5 8h1.4M13.1 8h1.4M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  moon: "M13 9.4A5.4 5.4 0 016.6 3 5.4 5.4 0 1013 9.4z",
  auto: "M8 2.5a5.5 5.5 0 100 11 5.5 5.5 0 000-11M8 2.5v11M8 5h3.5M8 8h5M8 11h3.5",
  book: "M8 4.2C6.6 3.2 4.6 3 2.5 3v9c2.1 0 4.1.2 5.5 1.2M8 4.2C9.4 3.2 11.4 3 13.5 3v9c-2.1 0-4.1.2-5.5 1.2M8 4.2v9",
  format: "M2.5 4h11M2.5 8h7M2.5 12h9",
  file: "M4 2.5h5l3 3v8H4zM9 2.5v3h3",
  close: "M4 4l8 8M12 4l-8 8",
  left: "M10 3.5L5.5 8l4.5 4.5",
  right: "M6 3.5L10.5 8 6 12.5",
  first: "M11.5 3.5L7 8l4.5 4.5M4.5 3.5v9",
  last: "M4.5 3.5L9 8l-4.5 4.5M11.5 3.5v9",
  plus: "M8 3.5v9M3.5 8h9",
  minus: "M3.5 8h9",
  fit: "M2.5 6V2.5H6M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10",
  download: "M8 2.5v7.5M5 7.2l3 3 3-3M3 13h10",
  reset: "M3 8a5 5 0 105-5H4.5M6.5 1L4.5 3l2 2",
  wide: "M1.5 8h13M4.5 5l-3 3 3 3M11.5 5l3 3-3 3",
  undo: "M3 6.5h6.5a3.3 3.3 0 010 6.6H6M5.8 3.7L3 6.5l2.8 2.8",
} as const;

export type Icon = keyof typeof PATHS;

const SVG = "http://www.w3.org/2000/svg";

/** A small drawing beside a text that says the same, so that it is hidden from screen readers. */
export function icon(name: Icon): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", name === "play" || name === "stop" ? "icon solid" : "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}
