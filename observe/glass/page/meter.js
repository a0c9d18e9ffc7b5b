// How many come a second.

/** Counts a second, over the last three. */
export function meter() {
  let counts = [], begun = 0;
  return {
    add(n) {
      if (counts.length === 0) begun = performance.now();
      counts.push([performance.now(), n]);
      if (counts.length > 200) counts.splice(0, 100);
    },
    clear: () => (counts = []),
    now() {
      const now = performance.now();
      while (counts.length && now - counts[0][0] > 3000) counts.shift();
      const span = Math.min(3, (now - begun) / 1000 + 0.2);
      return counts.length ? counts.reduce((sum, c) => sum + c[1], 0) / span : undefined;
    },
  };
}
