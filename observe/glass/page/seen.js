// What a filter may be completed with: the values of a condition that were seen.

import { clientAddress, peerAddress } from "./format.js";

/** Values of a condition among summaries, the most frequent first, as [value, how often]. sites are those of the server. */
export function seen(name, rows, sites) {
  if (name === "slower") return [["10ms", 0], ["100ms", 0], ["1s", 0]];
  const of = {
    site: (s) => s.site, host: (s) => s.host, path: (s) => s.target.split("?")[0], method: (s) => s.method,
    status: (s) => String(s.status), client: (s) => clientAddress(s.client), peer: peerAddress, user: (s) => s.user, reason: (s) => s.reason, connection: (s) => String(s.connection),
  }[name];
  const counts = new Map();
  for (const s of rows.slice(-3000)) {
    const value = of(s);
    if (value) counts.set(value, (counts.get(value) || 0) + 1);
  }
  if (name === "site") for (const site of sites || []) if (!counts.has(site)) counts.set(site, 0);
  const all = [...counts].sort((a, b) => b[1] - a[1]);
  if (name === "status") {
    for (const c of ["5xx", "4xx", "3xx", "2xx"]) {
      const n = all.reduce((sum, [v, n]) => (v[0] === c[0] && v.length === 3 && !v.endsWith("xx") ? sum + n : sum), 0);
      if (n) all.unshift([c, n]);
    }
  }
  return all;
}
