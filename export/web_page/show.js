// Paints what a source shows. One picture is painted at a time: what comes meanwhile is dropped, never queued.

import { Pace, fit } from './pace.js';

// A picture that stands has time: it is shown small at once, then painted larger.
const STILL_SIDES = [320, 800];
const SAVED_SIDE = 1280;

/**
 * Paints a source into a canvas.
 * @param canvas to show it in.
 * @param painter see painter.js.
 * @param tell {painted(ms, width, height), failed(error), shaped(width, height)}.
 */
export class Show {
  #canvas;
  #context;
  #painter;
  #tell;
  #pace = new Pace();
  #source = null;
  #isBusy = false;
  #isStale = false; // something changed while a picture was painted
  #hasNewer = false; // a frame came meanwhile: the newest is painted next, without waiting for one more
  #isUnmixed = false; // strength or split changed meanwhile
  #isSketch = true; // the next painting of a still picture is the small one
  style = '';
  strength = 1;
  split = null;
  side = 'auto';
  who = 'all'; // is painted: all, person, or room

  constructor(canvas, painter, tell) {
    this.#canvas = canvas;
    this.#context = canvas.getContext('2d');
    this.#painter = painter;
    this.#tell = tell;
  }

  get source() {
    return this.#source;
  }

  /** Show another source from now on; the one before is closed. */
  setSource(source) {
    this.#source?.close();
    this.#source = source;
    this.#isStale = true;
    if (source.moves) this.#follow(source);
    this.refresh();
  }

  /** Hold a moving source, or let it go on; returns if it is held now. */
  togglePause() {
    const video = this.#source?.moves && this.#source.element;
    if (!video) return false;
    if (video.paused) video.play();
    else video.pause();
    return video.paused;
  }

  /** Paint anew what is there: after another style, size, or source. */
  refresh() {
    this.#isSketch = true;
    if (this.#isBusy) this.#isStale = true;
    else this.#paint();
  }

  /** Mix anew what is painted: after another strength or split. */
  async remix() {
    const isMoving = this.#source?.moves && !this.#source.element.paused;
    if (isMoving) return;
    this.#isUnmixed = this.#isBusy;
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      this.#put(await this.#painter.mix({ strength: this.strength, split: this.split }));
    } finally {
      this.#isBusy = false;
    }
    this.#goOn();
  }

  /** Paint what is there once more, larger; returns a canvas. */
  async save() {
    const [width, height] = this.#source.size();
    const side = Math.min(SAVED_SIDE, Math.max(width, height));
    const painted = await this.#painter.paint(await createImageBitmap(this.#source.element), {
      ...this.#how(fit(width, height, side)),
      split: null,
    });
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [painted.width, painted.height];
    canvas.getContext('2d').putImageData(new ImageData(painted.pixels, painted.width, painted.height), 0, 0);
    return canvas;
  }

  #how([width, height]) {
    const { style, strength, split, who } = this;
    return { width, height, style, mirror: this.#source.mirror, strength, split, who };
  }

  #follow(source) {
    const next = () => {
      if (this.#source !== source) return;
      if (this.#isBusy) this.#hasNewer = true;
      else this.#paint();
      wait(next);
    };
    const video = source.element;
    const wait = (done) =>
      video.requestVideoFrameCallback ? video.requestVideoFrameCallback(done) : requestAnimationFrame(done);
    wait(next);
  }

  #sideNow() {
    if (this.side !== 'auto') return Number(this.side);
    return this.#source.moves ? this.#pace.side : STILL_SIDES[this.#isSketch ? 0 : 1];
  }

  async #paint() {
    const source = this.#source;
    if (!source || !this.style) return;
    const [width, height] = source.size();
    if (!width || !height) return;
    this.#isBusy = true;
    this.#isStale = this.#hasNewer = false;
    const side = this.#sideNow();
    try {
      const how = this.#how(fit(width, height, side));
      const bitmap = await createImageBitmap(source.element, {
        resizeWidth: how.width,
        resizeHeight: how.height,
        resizeQuality: 'medium',
      });
      const painted = await this.#painter.paint(bitmap, how);
      if (this.#source === source) {
        this.#put(painted);
        if (source.moves) this.#pace.note(painted.ms, side);
        this.#tell.painted(painted.ms, painted.width, painted.height);
      }
    } catch (error) {
      this.#tell.failed(error);
    } finally {
      this.#isBusy = false;
    }
    const isOnlySketch = this.#isSketch && this.side === 'auto' && !source.moves;
    this.#isSketch = false;
    if (isOnlySketch && !this.#isStale) this.#paint();
    else this.#goOn();
  }

  /** Do what was asked for while a picture was painted. */
  #goOn() {
    if (this.#isStale) this.refresh();
    else if (this.#hasNewer) this.#paint();
    else if (this.#isUnmixed) this.remix();
  }

  #put(painted) {
    if (!painted) return;
    const { pixels, width, height } = painted;
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      [this.#canvas.width, this.#canvas.height] = [width, height];
      this.#tell.shaped(width, height);
    }
    this.#context.putImageData(new ImageData(pixels, width, height), 0, 0);
  }
}
