// Why the answer may mean nothing, and the model that may know better.

import { renew, setHidden } from "../shared/dom.js";

/** @param {import("./state.js").View} view */
export function createDoubt({ find, out, data }) {
  find(".tp-other").addEventListener("click", () => {
    document.dispatchEvent(new CustomEvent("tp-use-model", { detail: data().clip.doubt?.source }));
  });
  return {
    render() {
      const { doubt } = data().clip;
      setHidden(find(".tp-doubt"), !doubt);
      if (!doubt) return;
      renew(out("doubt"), doubt.sentence);
      setHidden(find(".tp-other"), !doubt.source);
      renew(find(".tp-other"), `Try it with ${doubt.task}`);
    },
  };
}
