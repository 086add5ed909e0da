// What is wrong with a sound stands at the top of the page, and a sound may be dropped anywhere on it.

const BOXES = ["drop-problem", "status"]; // what the browser says, and the server, which shows its progress there, too
const MESSAGES = "#drop-problem, #status [role=alert]";

/**
 * Calls `act` with the sentence whenever there is another; with "" once there is none.
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

/** Brings what is wrong into sight, wherever the page is scrolled to. */
export function keepProblemsInSight() {
  followProblems(() => messageNow()?.scrollIntoView({ block: "nearest" }));
}

function sentenceNow() {
  return messageNow()?.textContent?.trim() ?? "";
}

function messageNow() {
  return [...document.querySelectorAll(MESSAGES)].find((message) => message.textContent?.trim());
}
