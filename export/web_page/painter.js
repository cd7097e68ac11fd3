// The page's end of the painter's thread.

/** Paints pictures in a thread of its own. Every method answers when that thread has. */
export class Painter {
  #worker = new Worker(new URL('painter_worker.js', import.meta.url), { type: 'module' });
  #waiting = new Map();
  #count = 0;

  /** @param onFallback called with facts when WebGPU fails in the middle and WebAssembly goes on. */
  constructor(onFallback = () => {}) {
    this.#worker.onmessage = ({ data }) => {
      if (data.fallback) return onFallback(data.fallback);
      const { resolve, reject } = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.error) reject(new Error(data.error));
      else resolve(data.answer);
    };
    this.#worker.onerror = (event) => {
      const error = new Error(event.message || 'the painter could not be loaded');
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
  }

  /**
   * Load ONNX Runtime: WebGPU where there is a card, else WebAssembly.
   * @param options {runtimes, backend}: of page.json; "webgpu" or "wasm" asks for one.
   * @returns {backend, threads, why, files}: what runs, why not better, and of which files.
   */
  open(options) {
    return this.#ask('open', options);
  }

  /** Load a style {name, file}, which may be many at a time. */
  load(style) {
    return this.#ask('load', { style });
  }

  /** Load what finds people, {file, area, multiple} of page.json. */
  loadPerson(person) {
    return this.#ask('loadPerson', { person });
  }

  /**
   * Paint one picture.
   * @param image an ImageBitmap, which is given away, or RGBA bytes of width x height.
   * @param how {width, height, style, mirror, strength, split, who}: strength 0 to 1; split 0 to 1 or null:
   *   left of it the picture stays; who "all", or "person" or "room" once what finds people is loaded.
   * @returns {pixels, width, height, ms}: RGBA; ms of drawing, painting and mixing.
   */
  paint(image, how) {
    const given = image instanceof ImageBitmap ? image : image.buffer;
    return this.#ask('paint', { image, ...how }, [given]);
  }

  /** Mix the last painting anew, with another strength or split. */
  mix(how) {
    return this.#ask('mix', how);
  }

  close() {
    this.#worker.terminate();
  }

  #ask(kind, what, given = []) {
    const id = ++this.#count;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, kind, ...what }, given);
    });
  }
}
