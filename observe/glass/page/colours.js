// The colours of style.css for what is drawn on a canvas, and who wants to know that they have changed.

const probe = document.createElement("span");
probe.hidden = true;
document.documentElement.append(probe);

/** The colour of a token in the theme that is shown now, as rgb(…): colour("--accent"). */
export function colour(token) {
  probe.style.color = `var(${token})`;
  return getComputedStyle(probe).color;
}

const watchers = new Set();

/** Calls f when the theme changes. The result ends it. */
export function onTheme(f) {
  watchers.add(f);
  return () => watchers.delete(f);
}

/** Tells everybody; the button of the theme calls it. */
export function themeChanged() {
  for (const f of watchers) f();
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", themeChanged);
