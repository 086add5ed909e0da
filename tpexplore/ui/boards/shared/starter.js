// Starts a run when the server sends a new name. A Gradio state would also report a change without one.

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
