// Arrow keys, Home and End move along a row of tabs, as they do in every other program; Enter opens one.

const STEPS_OF = { ArrowRight: 1, ArrowLeft: -1 };

document.addEventListener("keydown", (event) => {
  const tab = event.target.closest?.("[role=tab]");
  if (!tab || event.altKey || event.ctrlKey || event.metaKey) return;
  const tabs = [...tab.parentElement.querySelectorAll("[role=tab]:not(:disabled)")];
  const next = tabs.indexOf(tab) + STEPS_OF[event.key];
  const to = { Home: 0, End: tabs.length - 1 }[event.key] ?? (next + tabs.length) % tabs.length;
  if (Number.isNaN(to)) return;
  tabs[to].focus();
  event.preventDefault();
});
