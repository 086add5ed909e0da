// Runs beside the page: hands over what the microphone hears, in pieces as they come.

const { AudioWorkletProcessor, registerProcessor } = /** @type {any} */ (globalThis); // of a worklet only

class Tap extends AudioWorkletProcessor {
  /** @param {Float32Array[][]} inputs */
  process([channels]) {
    if (channels.length) this.port.postMessage(channels[0].slice());
    return true;
  }
}

registerProcessor("tap", Tap);
