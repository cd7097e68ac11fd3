// How large to paint, so that it stays fluent: what a frame takes grows with its pixels.

export const SIDES = [256, 320, 384, 448, 512, 640, 768, 896, 1024, 1280];
const FLUENT_MS = 42; // 24 pictures a second
const SLOW_MS = 67; // 15
const COUNTED = 8;

/** Chooses the longer side from what the last paintings took. */
export class Pace {
  constructor(side = 320) {
    this.side = side;
    this.times = [];
  }

  /** Note what one painting of this side took, milliseconds; true if the side is another from now on. */
  note(ms, side) {
    if (side !== this.side) return false;
    this.times.push(ms);
    if (this.times.length < COUNTED) return false;
    const median = [...this.times].sort((a, b) => a - b)[COUNTED >> 1];
    this.times = [];
    const next = choose(this.side, median);
    const changes = next !== this.side;
    this.side = next;
    return changes;
  }
}

/** The side to go to from one at which a painting takes this long. */
export function choose(side, ms) {
  const at = (other) => ms * (other / side) ** 2;
  if (ms > SLOW_MS) return SIDES.filter((other) => at(other) <= SLOW_MS).at(-1) ?? SIDES[0];
  const larger = SIDES.filter((other) => other > side && at(other) <= FLUENT_MS);
  return larger.at(-1) ?? side;
}

/** Width and height of a picture whose longer side is `side`; never smaller than the networks take. */
export function fit(width, height, side, smallest = 64) {
  const scale = Math.min(side / Math.max(width, height), 1e9);
  return [width, height].map((length) => Math.max(smallest, Math.round(length * scale)));
}
