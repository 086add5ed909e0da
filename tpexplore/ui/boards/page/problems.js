// Problems with a sound are shown at the top of the page, but a sound may be dropped anywhere on it.

const BOXES = ["drop-problem", "status"]; // messages of the browser and of the server, with its progress
const MESSAGES = "#drop-problem, #status [role=alert]";

/**
 * Calls `act` with every new sentence, and with "" when there is none any more.
 *
 * @param {(sentence: string) => void} act
 * @returns {() => void} ends it
 */
export function followProblems(act) {
  let before = sentenceNow();
  const observer = new MutationObserver(() => {
    const sentence = sentenceNow();
    if (sentence === before) return;
    before = sentence;
    act(sentence);
  });
  for (const id of BOXES) {
    const box = document.getElementById(id);
    if (box) observer.observe(box, { childList: true, characterData: true, subtree: true });
  }
  return () => observer.disconnect();
}

/** Scrolls the problem into view. */
export function keepProblemsInSight() {
  followProblems(() => messageNow()?.scrollIntoView({ block: "nearest" }));
}

function sentenceNow() {
  return messageNow()?.textContent?.trim() ?? "";
}

function messageNow() {
  return [...document.querySelectorAll(MESSAGES)].find((message) => message.textContent?.trim());
}
