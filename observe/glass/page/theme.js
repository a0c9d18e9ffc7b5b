// Runs before anything is drawn, so that a page whose theme was chosen does not flash in the other one. It is a plain
// script for that reason; themes.js changes it.
try {
  const chosen = localStorage.getItem("vitrine.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage the system's theme is shown.
}
