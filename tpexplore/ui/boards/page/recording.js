// Records from the microphone into a WAV file, unprocessed: a browser's own recorder loses what the model would hear.

import { openMicrophone } from "../shared/microphone.js";

const NAME = "Your recording.wav";
export const MOST_SECONDS = 600;

/**
 * @param {Float32Array[]} pieces
 * @param {number} rate samples a second
 */
export function wavOf(pieces, rate) {
  const count = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const letters = (/** @type {number} */ at, /** @type {string} */ text) =>
    [...text].forEach((letter, i) => view.setUint8(at + i, letter.charCodeAt(0)));
  letters(0, "RIFF");
  view.setUint32(4, 36 + 2 * count, true);
  letters(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // whole numbers
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  letters(36, "data");
  view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const piece of pieces) {
    for (const value of piece) {
      view.setInt16(at, Math.round(32767 * Math.min(1, Math.max(-1, value))), true);
      at += 2;
    }
  }
  return view.buffer;
}

/**
 * @param {(seconds: number) => void} onTime
 * @param {() => void} onFull called when no more fits in; it has to stop the recorder
 */
export function createRecorder(onTime, onFull) {
  /** @type {{microphone: import("../shared/microphone.js").Microphone, pieces: Float32Array[]} | null} */
  let running = null;

  return {
    isRecording: () => Boolean(running),
    /** Throws an Error with a sentence for the person. */
    async start() {
      /** @type {Float32Array[]} */
      const pieces = [];
      let samples = 0;
      const microphone = await openMicrophone((piece) => {
        pieces.push(piece);
        samples += piece.length;
        const seconds = samples / microphone.sampleRate;
        onTime(seconds);
        if (seconds >= MOST_SECONDS) onFull();
      });
      running = { microphone, pieces };
    },
    async stop() {
      if (!running) throw new Error("Nothing is being recorded.");
      const { microphone, pieces } = running;
      running = null;
      microphone.close();
      return new File([wavOf(pieces, microphone.sampleRate)], NAME, { type: "audio/wav" });
    },
  };
}
