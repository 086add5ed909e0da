// Starts a run when the server names another one. A state of Gradio's would tell of a change that is none, too.

/** @param {import("./board.js").Gradio} gradio */
export function start({ props, trigger, watch }) {
  let started = "";

  function run() {
    if (!props.value || props.value === started) return;
    started = props.value;
    trigger("run");
  }

  watch("value", run);
  run();
}
