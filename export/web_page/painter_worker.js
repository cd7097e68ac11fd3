// Runs the networks, off the page's own thread. One request after the other; each is answered by its id.

import { openRuntime } from './runtime.js';
import { greyOf, sizeFor, steady } from './people.js';
import { fromBgr, mixInto, toBgr } from './pixels.js';

const KEPT = 4; // networks that stay open
const INPUT = 'image';
const OUTPUT = 'stylized_image';
const PEOPLE = ' people'; // among the names of styles, none of which has a space
const ALPHA = 'alpha';

let runtime; // {ort, provider, facts}
let runtimes; // what page.json says there is
const sessions = new Map(); // style name -> session, the one used last at the end
const files = new Map(); // style name -> where its network lies
let canvas;
let person; // {file, area, multiple} of page.json
let held = null; // of the frame before, see people.js
let last; // {original, painted, where, width, height} of the last painting, RGBA and shares of it

const kinds = {
  async open({ runtimes: there, backend }) {
    runtimes = there;
    runtime = await openRuntime(there, backend);
    return runtime.facts;
  },

  async load({ style }) {
    files.set(style.name, style.file);
    await orOnTheProcessor(() => sessionOf(style.name));
    return {};
  },

  async loadPerson({ person: there }) {
    person = there;
    files.set(PEOPLE, there.file);
    await orOnTheProcessor(() => sessionOf(PEOPLE));
    return {};
  },

  async paint({ image, width, height, style, mirror = false, strength = 1, split = null, who = 'all' }) {
    const began = performance.now();
    const original = image instanceof ImageBitmap ? draw(image, width, height, mirror) : new Uint8ClampedArray(image);
    const bgr = await orOnTheProcessor(() => run(style, toBgr(original), width, height));
    const where = who === 'all' ? null : await orOnTheProcessor(() => findPeople(original, width, height, who));
    if (!where) held = null;
    last = { original, painted: fromBgr(bgr), where, width, height };
    return { ...mixed({ strength, split }), ms: performance.now() - began };
  },

  async mix({ strength, split = null }) {
    return last ? mixed({ strength, split }) : null;
  },
};

let queue = Promise.resolve();
onmessage = ({ data: { id, kind, ...what } }) => {
  queue = queue.then(() => answer(id, kind, what));
};

async function answer(id, kind, what) {
  try {
    const found = await kinds[kind](what);
    postMessage({ id, answer: found }, found?.pixels ? [found.pixels.buffer] : []);
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
}

async function sessionOf(name) {
  const kept = sessions.get(name);
  if (kept) {
    sessions.delete(name);
    sessions.set(name, kept);
    return kept;
  }
  const response = await fetch(files.get(name));
  if (!response.ok) throw new Error(`${files.get(name)} is not there (${response.status})`);
  const session = await runtime.ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()), {
    executionProviders: [runtime.provider],
  });
  sessions.set(name, session);
  for (const [old, other] of [...sessions].slice(0, -KEPT)) {
    sessions.delete(old);
    await other.release();
  }
  return session;
}

/** Do it; if the card fails, that was lost or lacks something, do it on the processor, and tell the page. */
async function orOnTheProcessor(work) {
  try {
    return await work();
  } catch (error) {
    if (runtime.provider === 'wasm') throw error;
    sessions.clear();
    runtime = await openRuntime(runtimes, 'wasm');
    runtime.facts.why = `WebGPU failed: ${String(error?.message ?? error).split('\n')[0].slice(0, 160)}`;
    postMessage({ fallback: runtime.facts });
    return work();
  }
}

async function run(name, bgr, width, height, asked = OUTPUT) {
  const session = await sessionOf(name);
  const input = new runtime.ort.Tensor('uint8', bgr, [1, height, width, 3]);
  const output = (await session.run({ [INPUT]: input }))[asked];
  const found = (await output.getData()).slice();
  output.dispose();
  return found;
}

/** How much of the painting each pixel has, from 0 to 255: where people are, or where they are not. */
async function findPeople(original, width, height, who) {
  const [columns, rows] = sizeFor(width, height, person);
  const small = scaled(new ImageData(original, width, height), columns, rows);
  const found = await run(PEOPLE, toBgr(small), columns, rows, ALPHA);
  held = steady(held, { grey: greyOf(small), alpha: found.map((share) => share * 255), width: columns });
  const levels = new Uint8ClampedArray(columns * rows * 4).fill(255);
  held.alpha.forEach((level, at) => levels.fill(who === 'room' ? 255 - level : level, 4 * at, 4 * at + 3));
  return scaled(new ImageData(levels, columns, rows), width, height).filter((_, at) => at % 4 === 0);
}

/** An ImageData at another size, its RGBA. */
function scaled(image, width, height) {
  const from = new OffscreenCanvas(image.width, image.height);
  from.getContext('2d').putImageData(image, 0, 0);
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  context.imageSmoothingQuality = 'medium';
  context.drawImage(from, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

function draw(bitmap, width, height, mirror) {
  if (canvas?.width !== width || canvas?.height !== height) canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.setTransform(mirror ? -1 : 1, 0, 0, 1, mirror ? width : 0, 0);
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return context.getImageData(0, 0, width, height).data;
}

function mixed({ strength, split }) {
  const { original, painted, where, width, height } = last;
  return { pixels: mixInto(original, painted, width, strength, split, where), width, height };
}
