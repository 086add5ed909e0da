// Samples as 16-bit whole numbers, and a WAV file of them.

const HEAD_BYTES = 44;

/** 16-bit samples, little-endian whatever the machine. @param {Float32Array} samples */
export function pcmOf(samples) {
  const view = new DataView(new ArrayBuffer(2 * samples.length));
  samples.forEach((value, i) => view.setInt16(2 * i, Math.round(Math.max(-1, Math.min(1, value)) * 32767), true));
  return new Uint8Array(view.buffer);
}

/**
 * A WAV file of one channel.
 *
 * @param {Float32Array[]} pieces one after the other
 * @param {number} rate samples a second
 */
export function wavOf(pieces, rate) {
  const bytes = 2 * pieces.reduce((sum, piece) => sum + piece.length, 0);
  const file = new Uint8Array(HEAD_BYTES + bytes);
  const view = new DataView(file.buffer);
  const letters = (/** @type {number} */ at, /** @type {string} */ text) =>
    [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  letters(0, "RIFF");
  view.setUint32(4, HEAD_BYTES - 8 + bytes, true);
  letters(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // whole numbers
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  letters(36, "data");
  view.setUint32(40, bytes, true);
  let at = HEAD_BYTES;
  for (const piece of pieces) {
    file.set(pcmOf(piece), at);
    at += 2 * piece.length;
  }
  return file.buffer;
}
