// The canvas: the newest painting, and left of a line what was painted.

const OLD_MS = 2500;
const THUMB_PX = 44; // of the line's handle, as in page.css

export class Stage {
  #canvas = document.getElementById("canvas");
  #context = this.#canvas.getContext("2d", { alpha: false });
  #frame = document.getElementById("stage");
  #line = document.getElementById("split-at");
  #veil = document.getElementById("veil");
  #age = document.getElementById("age");
  #painting = null;
  #original = null;
  #shownAt = 0;
  #waits = null;
  mirrored = false;
  split = false;
  paused = false;

  constructor() {
    this.#line.addEventListener("input", () => this.draw());
    new ResizeObserver(() => this.draw()).observe(this.#frame);
    setInterval(() => this.#lookAtAge(), 500);
  }

  get canvas() { return this.#canvas; }

  // Says over the picture why there is none; nothing says that all is well.
  wait(text, state = "waiting") {
    this.#waits = text;
    this.#veil.hidden = text === null;
    if (text !== null) document.getElementById("veil-text").textContent = text;
    document.getElementById("again").hidden = state !== "refused";
    this.#frame.dataset.state = text === null ? "live" : this.#painting && state === "waiting" ? "stale" : state;
  }

  // Takes a painting and its original (or null): anything that a canvas can draw.
  show(painting, original, size) {
    this.#painting?.close?.();
    this.#original?.close?.();
    [this.#painting, this.#original] = [painting, original];
    if (this.#canvas.width !== size.width || this.#canvas.height !== size.height) {
      [this.#canvas.width, this.#canvas.height] = [size.width, size.height];
    }
    this.#shownAt = performance.now();
    if (this.#waits !== null || this.#frame.dataset.state !== "live") this.wait(null);
    this.draw();
  }

  forget() {
    this.#painting = this.#original = null;
  }

  turnSplit(on) {
    this.split = on;
    this.#line.hidden = !on;
    this.draw();
  }

  draw() {
    if (this.#painting === null) return;
    const { width, height } = this.#canvas;
    const context = this.#context;
    context.setTransform(this.mirrored ? -1 : 1, 0, 0, 1, this.mirrored ? width : 0, 0);
    context.drawImage(this.#painting, 0, 0, width, height);
    if (!this.split || this.#original === null) return;
    const column = this.#lineColumn();
    context.save();
    context.beginPath();
    context.rect(this.mirrored ? width - column : 0, 0, column, height);
    context.clip();
    context.drawImage(this.#original, 0, 0, width, height);
    context.restore();
  }

  // The handle's middle, in pixels of the canvas: the picture is fitted into the stage, the line is not.
  #lineColumn() {
    const { width, height } = this.#canvas;
    const roomWidth = this.#frame.clientWidth, roomHeight = this.#frame.clientHeight;
    const scale = Math.min(roomWidth / width, roomHeight / height);
    const handle = THUMB_PX / 2 + (this.#line.value / 1000) * (roomWidth - THUMB_PX);
    return Math.min(Math.max((handle - (roomWidth - width * scale) / 2) / scale, 0), width);
  }

  #lookAtAge() {
    const age = performance.now() - this.#shownAt;
    const old = this.#painting !== null && age > OLD_MS && !this.paused;
    this.#age.hidden = !old;
    if (old) this.#age.textContent = `last picture ${Math.round(age / 1000)} s ago`;
    if (this.paused && this.#painting !== null) {
      this.#age.hidden = false;
      this.#age.textContent = "paused";
    }
  }
}
