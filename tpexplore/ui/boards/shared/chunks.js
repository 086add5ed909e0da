// Pieces of sound for the server: collected, shortened if the server is slow, packed. The audio worklet imports this,
// too, without access to the page.

/**
 * Collects samples and hands them on in pieces of one length.
 *
 * @param {number} length
 * @param {(piece: Float32Array<ArrayBuffer>) => void} emit
 */
export function createChunker(length, emit) {
  let piece = new Float32Array(length);
  let filled = 0;
  return {
    /** @param {Float32Array} samples */
    add(samples) {
      let at = 0;
      while (at < samples.length) {
        const part = samples.subarray(at, at + length - filled);
        piece.set(part, filled);
        filled += part.length;
        at += part.length;
        if (filled < length) continue;
        emit(piece);
        [piece, filled] = [new Float32Array(length), 0];
      }
    },
  };
}

/**
 * Pieces that wait to be sent; where too many wait, the oldest are left out.
 *
 * @param {number} most
 */
export function createOutbox(most) {
  /** @type {Float32Array[]} */
  let waiting = [];
  return {
    /** @param {Float32Array} piece */
    put(piece) {
      waiting = [...waiting, piece].slice(-most);
    },
    isEmpty: () => !waiting.length,
    /** All waiting pieces, joined. */
    take() {
      const all = new Float32Array(waiting.reduce((length, piece) => length + piece.length, 0));
      let at = 0;
      for (const piece of waiting) {
        all.set(piece, at);
        at += piece.length;
      }
      waiting = [];
      return all;
    },
  };
}
