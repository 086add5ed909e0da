// Gradio asks the server to cancel events that have no number yet, which the server refuses with an error in the
// console. Nothing is lost by not asking.

/** @param {unknown} body of a request to cancel */
export function namesNoEvent(body) {
  try {
    return typeof body === "string" && !JSON.parse(body).event_id;
  } catch {
    return false;
  }
}

export function skipVainCancels() {
  const send = globalThis.fetch;
  globalThis.fetch = (input, options) => {
    const vain = String(input).endsWith("/cancel") && namesNoEvent(options?.body);
    return vain ? Promise.resolve(new Response("{}", { status: 200 })) : send(input, options);
  };
}
