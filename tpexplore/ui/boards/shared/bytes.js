// Base64 <-> bytes.

/** @param {string} base64 @returns {Uint8Array<ArrayBuffer>} */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

const AT_ONCE = 8192; // the number of a function's arguments is limited

/** @param {Uint8Array} bytes */
export function base64Of(bytes) {
  let letters = "";
  for (let at = 0; at < bytes.length; at += AT_ONCE) letters += String.fromCharCode(...bytes.subarray(at, at + AT_ONCE));
  return btoa(letters);
}

/**
 * The rows of a table that was sent as one text, one byte a cell.
 *
 * @param {string} base64
 * @param {number} rows
 * @param {number} width
 */
export function rowsOf(base64, rows, width) {
  const bytes = bytesOf(base64);
  return Array.from({ length: rows }, (_, i) => bytes.subarray(i * width, (i + 1) * width));
}
