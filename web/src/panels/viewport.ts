/** Pans and zooms a drawing by its view box: by mouse, touch, wheel and keys. */

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

const STEP = 1.25;
const PAN = 0.12;
/** Further in or out nothing can be read. */
const MOST_IN = 8;
const MOST_OUT = 2;

export class Viewport {
  readonly #svg: SVGSVGElement;
  readonly #whole: Box;
  #box: Box;
  readonly #pointers = new Map<number, { x: number; y: number }>();
  #moved = 0;

  constructor(svg: SVGSVGElement) {
    this.#svg = svg;
    const { x, y, width, height } = svg.viewBox.baseVal;
    this.#whole = { x, y, width, height };
    this.#box = this.#whole;
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    svg.setAttribute("preserveAspectRatio", "xMidYMid meet");
    svg.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"] as const) {
      svg.addEventListener(end, (event) => this.#pointers.delete(event.pointerId));
    }
  }

  /** Whether the pointer was moved since it went down: then it was no click. */
  get dragged(): boolean {
    return this.#moved > 5;
  }

  fit(): void {
    this.#show(this.#whole);
  }

  /** Larger by this factor; around a place of the drawing in shares of its size. */
  zoom(factor: number, around = this.#middle()): void {
    const { x, y, width, height } = this.#box;
    const least = this.#whole.width / MOST_IN;
    const wide = Math.max(least, Math.min(this.#whole.width * MOST_OUT, width / factor));
    const high = height * (wide / width);
    this.#show({ x: x + (width - wide) * around.x, y: y + (height - high) * around.y, width: wide, height: high });
  }

  in(): void {
    this.zoom(STEP);
  }

  out(): void {
    this.zoom(1 / STEP);
  }

  /** By shares of what is in sight. */
  pan(x: number, y: number): void {
    const { width, height } = this.#box;
    this.#show({ ...this.#box, x: this.#box.x + x * width, y: this.#box.y + y * height });
  }

  /** Does what a key means; false for all others. */
  key(key: string): boolean {
    const does: Record<string, () => void> = {
      "+": () => this.in(),
      "=": () => this.in(),
      "-": () => this.out(),
      "0": () => this.fit(),
      ArrowLeft: () => this.pan(-PAN, 0),
      ArrowRight: () => this.pan(PAN, 0),
      ArrowUp: () => this.pan(0, -PAN),
      ArrowDown: () => this.pan(0, PAN),
    };
    does[key]?.();
    return key in does;
  }

  /** Of what can be seen of it: it may be higher than the window. */
  #middle(): { x: number; y: number } {
    const { top, bottom, height } = this.#svg.getBoundingClientRect();
    const [first, last] = [Math.max(0, top), Math.min(innerHeight, bottom)];
    return { x: 0.5, y: height > 0 && last > first ? ((first + last) / 2 - top) / height : 0.5 };
  }

  #show(box: Box): void {
    this.#box = box;
    // A finger scrolls the page over the whole drawing, and moves a part of it.
    this.#svg.toggleAttribute("data-zoomed", box.width !== this.#whole.width);
    this.#svg.setAttribute("viewBox", `${box.x} ${box.y} ${box.width} ${box.height}`);
  }

  /** How many units of the drawing a pixel is. */
  #unit(): number {
    const { width, height } = this.#svg.getBoundingClientRect();
    return Math.max(this.#box.width / Math.max(1, width), this.#box.height / Math.max(1, height));
  }

  #wheel(event: WheelEvent): void {
    // A wheel without a key scrolls the page, as everywhere; a pinch comes with `ctrlKey`.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { left, top, width, height } = this.#svg.getBoundingClientRect();
    const around = { x: (event.clientX - left) / width, y: (event.clientY - top) / height };
    this.zoom(Math.exp(-event.deltaY * 0.005), around);
  }

  #down(event: PointerEvent): void {
    if (this.#pointers.size === 0) this.#moved = 0;
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  }

  #move(event: PointerEvent): void {
    const last = this.#pointers.get(event.pointerId);
    if (!last) return;
    const x = event.clientX - last.x;
    const y = event.clientY - last.y;
    this.#moved += Math.abs(x) + Math.abs(y);
    if (this.dragged && !this.#svg.hasPointerCapture(event.pointerId)) this.#svg.setPointerCapture(event.pointerId);
    const others = [...this.#pointers].filter(([id]) => id !== event.pointerId);
    this.#pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const other = others[0]?.[1];
    if (other) {
      const before = Math.hypot(last.x - other.x, last.y - other.y);
      const after = Math.hypot(event.clientX - other.x, event.clientY - other.y);
      if (before > 0) this.zoom(after / before);
    } else {
      const unit = this.#unit();
      this.#show({ ...this.#box, x: this.#box.x - x * unit, y: this.#box.y - y * unit });
    }
  }
}
