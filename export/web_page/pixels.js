// Bytes of pictures: a canvas has RGBA, the networks take and give BGR.

/** RGBA -> BGR, a new array. */
export function toBgr(rgba) {
  const bgr = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; to < bgr.length; from += 4, to += 3) {
    bgr[to] = rgba[from + 2];
    bgr[to + 1] = rgba[from + 1];
    bgr[to + 2] = rgba[from];
  }
  return bgr;
}

/** BGR -> opaque RGBA, a new array. */
export function fromBgr(bgr) {
  const rgba = new Uint8ClampedArray((bgr.length / 3) * 4);
  for (let from = 0, to = 0; from < bgr.length; from += 3, to += 4) {
    rgba[to] = bgr[from + 2];
    rgba[to + 1] = bgr[from + 1];
    rgba[to + 2] = bgr[from];
    rgba[to + 3] = 255;
  }
  return rgba;
}

/**
 * The painting over the picture, RGBA, a new array.
 * @param strength 0: the picture, 1: the painting.
 * @param split null, or from 0 to 1: the picture alone left of it, behind a white line.
 * @param where null, or for each pixel how much of the painting is there, from 0 to 255.
 */
export function mixInto(original, painted, width, strength, split, where = null) {
  const mixed = new Uint8ClampedArray(painted);
  if (where) {
    for (let at = 0, pixel = 0; at < mixed.length; at += 4, pixel += 1) {
      const share = (strength * where[pixel]) / 255;
      for (let one = at; one < at + 3; one += 1) mixed[one] = original[one] + (painted[one] - original[one]) * share;
    }
  } else if (strength < 1) {
    for (let at = 0; at < mixed.length; at += 1) mixed[at] = original[at] + (painted[at] - original[at]) * strength;
  }
  if (split === null) return mixed;
  const columns = Math.round(split * width) * 4;
  for (let row = 0; row < mixed.length; row += width * 4) mixed.set(original.subarray(row, row + columns), row);
  return mixed;
}
