// The models by what they recognise and by family.

/** @typedef {{source: string, task: string, family: string, hint: string, own: boolean}} Model */

export const OWN_TASK = "Your own model …";

/** @param {Model[]} models */
export function tasksOf(models) {
  return [...new Set(models.map(({ task }) => task))];
}

/**
 * The model for a task: of that family, or else the task's first.
 *
 * @param {Model[]} models
 * @param {string} task
 * @param {string} family
 */
export function modelFor(models, task, family) {
  const fitting = models.filter((model) => model.task === task);
  return fitting.find((model) => model.family === family) ?? fitting[0] ?? null;
}
