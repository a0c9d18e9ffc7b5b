// Light, dark, or as the system is. theme.js brings what was chosen back before the first drawing.

import { themeChanged } from "./colours.js";

/** The theme that was chosen: "light", "dark" or "system". */
export function theme() {
  return document.documentElement.dataset.theme || "system";
}

/** Chooses the next theme and returns it. */
export function nextTheme() {
  const next = { system: "light", light: "dark", dark: "system" }[theme()];
  const root = document.documentElement;
  if (next === "system") delete root.dataset.theme;
  else root.dataset.theme = next;
  try {
    if (next === "system") localStorage.removeItem("vitrine.theme");
    else localStorage.setItem("vitrine.theme", next);
  } catch {
    // Then it holds until the page is left.
  }
  themeChanged();
  return next;
}
