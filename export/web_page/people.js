// Where people are: what the network found, steadied from frame to frame, as large as the picture.
// The same as realtime/mask_steady.py does.

const KEPT = 0.8; // of what was before, where nothing has moved
const STILL = 3; // grey levels: up to here a change is noise,
const MOVED = 10; // from here on motion
const RADIUS = 2; // of the window over which changes are averaged

/** Width and height to look for people at: the picture's shape, about the area that the network knows. */
export function sizeFor(width, height, { area, multiple }) {
  const scale = Math.sqrt(area / (width * height));
  return [width, height].map((side) => Math.max(2, Math.round((side * scale) / multiple)) * multiple);
}

/** RGBA -> grey levels. */
export function greyOf(rgba) {
  const grey = new Float32Array(rgba.length / 4);
  for (let at = 0, from = 0; at < grey.length; at += 1, from += 4) {
    grey[at] = 0.299 * rgba[from] + 0.587 * rgba[from + 1] + 0.114 * rgba[from + 2];
  }
  return grey;
}

/**
 * Alpha that does not tremble.
 * @param held null, or {grey, alpha, width} of the frame before.
 * @param now {grey, alpha, width}: alpha from 0 to 255.
 * @returns what `held` is for the next frame; its alpha is the one to use.
 */
export function steady(held, now) {
  if (held?.width !== now.width || held.grey.length !== now.grey.length) return now;
  const change = averaged(now.grey.map((level, at) => Math.abs(level - held.grey[at])), now.width);
  const alpha = now.alpha.map((value, at) => {
    const share = Math.min(KEPT, Math.max(0, ((MOVED - change[at]) * KEPT) / (MOVED - STILL)));
    return value + share * (held.alpha[at] - value);
  });
  return { ...now, alpha };
}

/** The mean over a small window, along rows and then along columns; beyond the border it is mirrored. */
function averaged(values, width) {
  const height = values.length / width;
  return along(along(values, width, height, 1, width), height, width, width, 1);
}

function along(values, length, lines, step, next) {
  const means = new Float32Array(values.length);
  for (let line = 0; line < lines; line += 1) {
    for (let at = 0; at < length; at += 1) {
      let sum = 0;
      for (let by = -RADIUS; by <= RADIUS; by += 1) {
        const place = at + by < 0 ? -at - by : at + by >= length ? 2 * length - 2 - at - by : at + by;
        sum += values[line * next + place * step];
      }
      means[line * next + at * step] = sum / (2 * RADIUS + 1);
    }
  }
  return means;
}
