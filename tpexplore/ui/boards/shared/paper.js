// Files of a figure for a paper: PNG that knows its size, and PDF around the same pixels.

const MM_PER_INCH = 25.4;
const POINTS_PER_MM = 72 / MM_PER_INCH;
const PNG_HEAD = 33; // bytes of signature and IHDR, after which the size in metres belongs

/** @param {Uint8Array} bytes */
export function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/**
 * The same PNG, with its resolution written into it, so that programs place it at its size.
 *
 * @param {Uint8Array} png
 * @param {number} dpi
 */
export function withResolution(png, dpi) {
  const chunk = new Uint8Array(21);
  const view = new DataView(chunk.buffer);
  const perMetre = Math.round((dpi * 1000) / MM_PER_INCH);
  view.setUint32(0, 9);
  chunk.set([0x70, 0x48, 0x59, 0x73], 4); // pHYs
  view.setUint32(8, perMetre);
  view.setUint32(12, perMetre);
  chunk[16] = 1; // a metre
  view.setUint32(17, crc32(chunk.subarray(4, 17)));
  const whole = new Uint8Array(png.length + chunk.length);
  whole.set(png.subarray(0, PNG_HEAD));
  whole.set(chunk, PNG_HEAD);
  whole.set(png.subarray(PNG_HEAD), PNG_HEAD + chunk.length);
  return whole;
}

/** @param {Uint8Array<ArrayBuffer>} bytes @returns {Promise<Uint8Array>} in the format of zlib */
async function deflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * A PDF of one page that is filled by one picture, without loss.
 *
 * @param {{width: number, height: number, data: ArrayLike<number>}} image RGBA
 * @param {number} widthMm
 * @returns {Promise<Blob>}
 */
export async function pdfOf({ width, height, data }, widthMm) {
  const rgb = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    rgb[to++] = data[from];
    rgb[to++] = data[from + 1];
    rgb[to++] = data[from + 2];
  }
  const pixels = await deflated(rgb);
  const wide = (widthMm * POINTS_PER_MM).toFixed(3);
  const high = ((widthMm * POINTS_PER_MM * height) / width).toFixed(3);
  const draw = `q ${wide} 0 0 ${high} 0 0 cm /Picture Do Q`;
  const image = `/Type/XObject/Subtype/Image/Width ${width}/Height ${height}/ColorSpace/DeviceRGB/BitsPerComponent 8`;
  /** @type {(string | Uint8Array)[][]} */
  const objects = [
    ["<</Type/Catalog/Pages 2 0 R>>"],
    ["<</Type/Pages/Kids[3 0 R]/Count 1>>"],
    [
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 ${wide} ${high}]/Contents 4 0 R` +
        "/Resources<</XObject<</Picture 5 0 R>>>>>>",
    ],
    [`<</Length ${draw.length}>>\nstream\n${draw}\nendstream`],
    [`<<${image}/Filter/FlateDecode/Length ${pixels.length}>>\nstream\n`, pixels, "\nendstream"],
  ];
  /** @type {(string | Uint8Array)[]} */
  const parts = ["%PDF-1.4\n"];
  const places = objects.map((content, i) => {
    const at = sizeOf(parts);
    parts.push(`${i + 1} 0 obj\n`, ...content, "\nendobj\n");
    return `${String(at).padStart(10, "0")} 00000 n \n`;
  });
  const start = sizeOf(parts);
  const count = objects.length + 1;
  parts.push(`xref\n0 ${count}\n0000000000 65535 f \n`, ...places);
  parts.push(`trailer\n<</Size ${count}/Root 1 0 R>>\nstartxref\n${start}\n%%EOF\n`);
  return new Blob(/** @type {BlobPart[]} */ (parts), { type: "application/pdf" });
}

/** @param {(string | Uint8Array)[]} parts of plain ASCII or bytes */
const sizeOf = (parts) => parts.reduce((sum, part) => sum + part.length, 0);
