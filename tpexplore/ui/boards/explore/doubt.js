// Why the answer may mean nothing, and the model that may know better.

/** @param {import("./state.js").View} view */
export function createDoubt({ find, out, data }) {
  find(".tp-other").addEventListener("click", () => {
    document.dispatchEvent(new CustomEvent("tp-use-model", { detail: data().clip.doubt?.source }));
  });
  return {
    render() {
      const { doubt } = data().clip;
      find(".tp-doubt").hidden = !doubt;
      if (!doubt) return;
      out("doubt").textContent = doubt.sentence;
      find(".tp-other").hidden = !doubt.source;
      find(".tp-other").textContent = `Try it with ${doubt.task}`;
    },
  };
}
