// Records from the microphone into a WAV file without loss; a browser's own recorder would lose detail.

import { openMicrophone } from "../shared/microphone.js";
import { wavOf } from "../shared/wav.js";

const NAME = "Your recording.wav";
export const MOST_SECONDS = 600;

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
