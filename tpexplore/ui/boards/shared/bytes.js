// Base64 <-> bytes.

/** @param {string} base64 @returns {Uint8Array<ArrayBuffer>} */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** @param {Uint8Array} bytes */
export function base64Of(bytes) {
  return btoa(String.fromCharCode(...bytes));
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
