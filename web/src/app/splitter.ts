const LEAST = 25;
const MOST = 70;
const STEP = 3;

/** The line between text and results: dragged, or moved by arrow keys. */
export function splitter(line: HTMLElement, whole: HTMLElement): void {
  let share = 42;
  const set = (to: number) => {
    share = Math.max(LEAST, Math.min(MOST, to));
    whole.style.setProperty("--split", `${share}%`);
    line.setAttribute("aria-valuenow", String(Math.round(share)));
  };
  line.addEventListener("pointerdown", (event) => {
    line.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  line.addEventListener("pointermove", (event) => {
    if (!line.hasPointerCapture(event.pointerId)) return;
    const { left, width } = whole.getBoundingClientRect();
    set(((event.clientX - left) / width) * 100);
  });
  line.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") set(share - STEP);
    else if (event.key === "ArrowRight") set(share + STEP);
    else return;
    event.preventDefault();
  });
}
