// Runs in the audio thread: hands the microphone's samples to the page in pieces.

import { createChunker } from "./chunks.js";

const { AudioWorkletProcessor, registerProcessor } = /** @type {any} */ (globalThis);

class Tap extends AudioWorkletProcessor {
  /** @param {{processorOptions: {length: number}}} options */
  constructor({ processorOptions }) {
    super();
    this.chunker = createChunker(processorOptions.length, (piece) => this.port.postMessage(piece, [piece.buffer]));
    this.open = true;
    this.port.onmessage = () => {
      this.open = false; // the page is done: let the browser drop this
    };
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const samples = inputs[0]?.[0];
    if (samples) this.chunker.add(samples);
    return this.open;
  }
}

registerProcessor("tap", Tap);
