// "What to recognise" and "Model family" in the bar on top: two menus that choose one of the models.

import { finder, node } from "../shared/dom.js";
import { OWN_TASK, tasksOf, modelFor } from "./models.js";

/** @param {import("../shared/board.js").Gradio} gradio */
export function start({ element, props, trigger, watch }) {
  const find = finder(element);
  const task = /** @type {HTMLSelectElement} */ (find(".tm-task"));
  const family = /** @type {HTMLSelectElement} */ (find(".tm-family"));
  /** @type {import("./models.js").Model[]} */
  let models = [];
  /** @type {string | null} */
  let source = null;

  const chosen = () => models.find((model) => model.source === source) ?? null;

  function render() {
    const here = chosen();
    const tasks = tasksOf(models);
    const offered = [...tasks, ...(props.own ? [OWN_TASK] : [])];
    task.replaceChildren(...offered.map((name) => node("option", { value: name }, name)));
    const families = [...new Set(models.map((model) => model.family))];
    family.replaceChildren(
      ...families.map((name) => {
        const option = node("option", { value: name }, name);
        option.disabled = !models.some((model) => model.task === here?.task && model.family === name);
        return option;
      }),
    );
    task.value = here?.task ?? "";
    family.value = here?.family ?? "";
    find("[data-out=hint]").textContent = here?.hint ?? "";
    document.body.classList.toggle("tp-own-model", here?.own ?? false); // the model's field also describes it
  }

  /** @param {string} next */
  function choose(next) {
    source = next;
    Object.assign(globalThis, { tpModel: next });
    document.dispatchEvent(new Event("tp-choice"));
    trigger("choose");
    render();
  }

  function change() {
    if (task.value === OWN_TASK) {
      document.body.classList.add("tp-own-model"); // shows the field for it
      document.querySelector("#own-model textarea, #own-model input")?.scrollIntoView({ block: "nearest" });
      return;
    }
    const next = modelFor(models, task.value, family.value);
    if (next) choose(next.source);
  }

  for (const menu of [task, family]) menu.addEventListener("change", change);
  document.addEventListener("tp-request", (event) => {
    source = /** @type {CustomEvent} */ (event).detail.model;
    render();
  });
  // Somebody beside the answer offers another model.
  document.addEventListener("tp-use-model", (event) => choose(/** @type {CustomEvent} */ (event).detail));

  function receive() {
    ({ models, source } = { source, ...JSON.parse(props.value) });
    source ??= models[0]?.source ?? null;
    render();
  }

  watch("value", receive);
  receive();
}
