// The microphone: opened with a click, in pieces of fixed length, and closed without a trace.

/** @type {Record<string, string>} name of an error -> what to do */
const PROBLEMS = {
  NotAllowedError: "The browser does not let this page use the microphone. Allow it in the address bar, then start again.",
  NotFoundError: "There is no microphone. Connect one, then start again.",
  NotReadableError: "The microphone is used by another program. Close that, then start again.",
};
const NOT_SECURE =
  "Browsers open the microphone only for addresses that begin with https:// or http://localhost. Open this page under one of them.";

/** @param {unknown} error */
export function problemOf(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  return PROBLEMS[name] ?? `The microphone could not be opened${name ? ` (${name})` : ""}.`;
}

/**
 * @typedef {object} Microphone
 * @property {number} sampleRate
 * @property {() => void} close
 */

/**
 * Throws an Error with a sentence for the person.
 *
 * @param {(piece: Float32Array) => void} take
 * @param {object} [options]
 * @param {number} [options.rate] requested sample rate; a browser may refuse it for a microphone
 * @param {number} [options.seconds] length of a piece; the last one, which is not full, is lost
 * @param {() => void} [options.lost] called when the microphone is disconnected
 * @returns {Promise<Microphone>}
 */
export async function openMicrophone(take, { rate, seconds = 0.02, lost } = {}) {
  if (!navigator.mediaDevices) throw new Error(NOT_SECURE);
  // The processing that browsers do for calls would change the sound for the model.
  const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {AudioContext | null} */
  let context = null;
  function close() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    if (context && context.state !== "closed") context.close();
  }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio });
    const connected = connect(stream, rate);
    context = connected.context;
    if (context.state === "suspended") await context.resume();
    await context.audioWorklet.addModule(new URL("./tap.js", import.meta.url));
    const length = Math.round(seconds * context.sampleRate);
    const tap = new AudioWorkletNode(context, "tap", {
      numberOfOutputs: 0,
      channelCount: 1,
      channelCountMode: "explicit",
      processorOptions: { length },
    });
    tap.port.onmessage = ({ data }) => take(data);
    connected.source.connect(tap);
    for (const track of stream.getTracks()) track.onended = lost ?? null;
    return {
      sampleRate: context.sampleRate,
      close() {
        tap.port.onmessage = null;
        tap.port.postMessage("close");
        tap.port.close();
        connected.source.disconnect();
        close();
      },
    };
  } catch (error) {
    close();
    throw new Error(problemOf(error), { cause: error });
  }
}

/** The microphone at a rate, or where the browser cannot do that at its own. @param {MediaStream} stream @param {number} [rate] */
function connect(stream, rate) {
  const context = new AudioContext({ sampleRate: rate });
  try {
    return { context, source: context.createMediaStreamSource(stream) };
  } catch {
    context.close();
    const own = new AudioContext();
    return { context: own, source: own.createMediaStreamSource(stream) };
  }
}
