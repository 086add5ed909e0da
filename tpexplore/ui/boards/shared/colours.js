// Colours of the picture. Lightness rises evenly in OKLab, so a louder patch always looks louder.

/**
 * A ramp of colours from quiet to loud.
 *
 * @typedef {{lightness: [number, number], chroma: [number, number, number], hue: [number, number]}} Ramp
 */

// Kept patches are in colour, from purple to pale yellow, and the quietest of them is lighter than any patch dropped
// by the first block. Dropped ones are grey with less contrast; the earlier a block dropped them, the darker they
// are, so that the order is visible with any colour blindness.
/** @type {Record<number, Ramp>} fate by the paper's blocks -> its ramp; `rampsOf` has those of any blocks */
export const RAMPS = {
  0: { lightness: [0.42, 0.97], chroma: [0.19, 0.19, 0.1], hue: [312, 460] },
  4: { lightness: [0.2, 0.34], chroma: [0.012, 0.012, 0.012], hue: [260, 260] },
  7: { lightness: [0.42, 0.56], chroma: [0.012, 0.012, 0.012], hue: [260, 260] },
  10: { lightness: [0.64, 0.78], chroma: [0.012, 0.012, 0.012], hue: [260, 260] },
};

/**
 * Palettes for a figure in a paper, by name; in each, every earlier block is a step darker than kept patches.
 *
 * @type {Record<string, Record<number, Ramp>>}
 */
export const PALETTES = {
  warm: RAMPS,
  // The kept patches as in the common viridis, from violet over green to yellow; the dropped ones in greys.
  viridis: {
    0: { lightness: [0.33, 0.92], chroma: [0.13, 0.12, 0.18], hue: [310, 105] },
    4: { lightness: [0.15, 0.31], chroma: [0, 0, 0], hue: [0, 0] },
    7: { lightness: [0.35, 0.5], chroma: [0, 0, 0], hue: [0, 0] },
    10: { lightness: [0.55, 0.73], chroma: [0, 0, 0], hue: [0, 0] },
  },
  // For papers printed in black: the kept ones in greys, the dropped ones in blues and greens that print as darker greys.
  grey: {
    0: { lightness: [0.42, 0.98], chroma: [0, 0, 0], hue: [0, 0] },
    4: { lightness: [0.15, 0.31], chroma: [0.05, 0.07, 0.06], hue: [275, 265] },
    7: { lightness: [0.35, 0.5], chroma: [0.05, 0.06, 0.06], hue: [215, 205] },
    10: { lightness: [0.55, 0.73], chroma: [0.05, 0.06, 0.06], hue: [155, 145] },
  },
};

/** Names of the palettes. */
export const PALETTE_NAMES = { warm: "Colours of the page", viridis: "Viridis and grey", grey: "Grey and blue" };

/** Of attention, from none to most: as even in lightness as the others, and neither their purple nor their grey. */
/** @type {Ramp} */
export const ATTENTION_RAMP = { lightness: [0.2, 0.96], chroma: [0.06, 0.12, 0.12], hue: [285, 110] };

const WIDEST = 0.14; // of lightness that a block's ramp spans
const GAP = 4 / 7; // between two ramps, in their span

/**
 * The ramps of a palette for any blocks that prune, by fate: as many steps from dark to light as there are blocks. Of
 * three they are the palette's own.
 *
 * @param {number[]} blocks ascending
 * @param {string} [palette] one of `PALETTES`
 * @returns {Record<number, Ramp>}
 */
export function rampsOf(blocks, palette = "warm") {
  const { 0: kept, ...dropped } = PALETTES[palette];
  const own = Object.values(dropped); // integer keys are in ascending order
  const n = blocks.length;
  const [low, high] = [own[0].lightness[0], own[own.length - 1].lightness[1]];
  const span = Math.min(WIDEST, (high - low) / (n + (n - 1) * GAP));
  const ramps = blocks.map((_, i) => {
    if (n === own.length) return own[i];
    const at = n > 1 ? i / (n - 1) : 0;
    const start = low + at * (high - low - span);
    const near = own[Math.round(at * (own.length - 1))];
    return { ...near, lightness: /** @type {[number, number]} */ ([start, start + span]) };
  });
  return Object.fromEntries([[0, kept], ...blocks.map((block, i) => [block, ramps[i]])]);
}

/** @param {number} lightness @param {number} chroma @param {number} hue degrees @returns {number[]} sRGB, 0 to 255 */
export function oklch(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((linear) => {
    const c = Math.min(1, Math.max(0, linear));
    return Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
  });
}

/** @param {number} from @param {number} to @param {number} share */
const mix = (from, to, share) => from + (to - from) * share;

/** @param {Ramp} ramp @param {number} at 0 to 1 */
export function rampColour(ramp, at) {
  const [start, middle, end] = ramp.chroma;
  const chroma = at < 0.5 ? mix(start, middle, at * 2) : mix(middle, end, at * 2 - 1);
  return oklch(mix(...ramp.lightness, at), chroma, mix(...ramp.hue, at));
}

/**
 * 256 pixels of a ramp, each one 32-bit word in the byte order of ImageData.
 *
 * @param {Ramp} ramp
 */
export function lookupTable(ramp) {
  const bytes = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) bytes.set([...rampColour(ramp, i / 255), 255], i * 4);
  return new Uint32Array(bytes.buffer);
}

/**
 * Black or white, whichever is easier to read on a colour.
 *
 * @param {number[]} colour sRGB, 0 to 255
 */
export function inkOn(colour) {
  const [r, g, b] = colour.map((value) => (value / 255) ** 2.2);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#14101c" : "#fff";
}

/**
 * The tables of several ramps, by fate.
 *
 * @param {Record<number, Ramp>} ramps
 * @returns {Record<number, Uint32Array>}
 */
export function lookupTables(ramps) {
  return Object.fromEntries(Object.entries(ramps).map(([fate, ramp]) => [fate, lookupTable(ramp)]));
}

/** @param {Ramp} ramp */
export function cssGradient(ramp) {
  const stops = [0, 0.25, 0.5, 0.75, 1].map((at) => `rgb(${rampColour(ramp, at)})`);
  return `linear-gradient(to right, ${stops})`;
}
