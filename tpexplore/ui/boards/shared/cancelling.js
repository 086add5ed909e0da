// If an event is cancelled before the server has given it a number, Gradio sends two requests without a number: to
// cancel it and to reset it. The server refuses both with an error in the console, so they can be left out.

const ABOUT_ONE_EVENT = /\/(cancel|reset)$/;

/**
 * Whether a request is about one event and names none.
 *
 * @param {string} address
 * @param {unknown} body
 */
export function namesNoEvent(address, body) {
  if (!ABOUT_ONE_EVENT.test(address)) return false;
  try {
    return typeof body === "string" && !JSON.parse(body).event_id;
  } catch {
    return false;
  }
}

/** @param {{fetch: typeof fetch}} page */
export function skipVainCancels(page) {
  const send = page.fetch;
  page.fetch = (input, options) =>
    namesNoEvent(String(input), options?.body)
      ? Promise.resolve(new Response("{}", { status: 200 }))
      : send(input, options);
}
