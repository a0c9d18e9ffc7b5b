// What the house tells of itself grows; rates are the difference of two samples. This is the arithmetic, and the memory of
// the last five minutes, without anything that draws.
//
// A sample is a House of the API. A point is what happened between two of them.

/** How much is remembered, in seconds. */
export const span = 300;

const second = 1000; // ms
const settled = 10 * second; // over how long durations are estimated: one second of a quiet server holds too few requests

const time = (house) => new Date(house.at).getTime();

/** b - a a second; a counter that fell back began anew with the server, and counts from zero. */
const perSecond = (a, b, seconds) => Math.max(0, b >= a ? b - a : b) / seconds;

/** The duration that a share q of the requests did not exceed, in µs, estimated on a straight line through the bucket that holds
 * it. Buckets are counts by upper bound, not summed up. null: there were none. over: it is longer than the last bound. */
export function quantile(buckets, q) {
  let total = 0;
  for (const b of buckets) total += b.count;
  if (total === 0) return null;
  let below = 0, from = 0;
  for (const b of buckets) {
    if (b.count > 0 && below + b.count >= q * total) {
      if (b.up_to_us === 0) return { us: from, over: true };
      return { us: from + (b.up_to_us - from) * ((q * total - below) / b.count), over: false };
    }
    below += b.count;
    if (b.up_to_us > 0) from = b.up_to_us;
  }
  return { us: from, over: true };
}

/** What each bucket gained from a to b. */
export function gained(a, b) {
  return b.map((bucket, i) => {
    const before = a?.[i]?.up_to_us === bucket.up_to_us ? a[i].count : 0;
    return { up_to_us: bucket.up_to_us, count: bucket.count >= before ? bucket.count - before : bucket.count };
  });
}

/** What happened from sample a to sample b, as rates a second. long is an older sample than a, for what needs more time. */
export function point(a, b, long = a) {
  const s = (time(b) - time(a)) / second;
  const took = gained(long.durations, b.durations || []);
  const by = (list, name) => new Map((list || []).map((x) => [x[name], x]));
  const layers = by(a.layers, "name"), sites = by(a.sites, "site"), loops = by(a.loops, "index");
  return {
    at: time(b) / second,
    seconds: s,
    requests: perSecond(a.requests, b.requests, s),
    statuses: b.statuses.map((n, i) => perSecond(a.statuses[i], n, s)),
    bytesIn: perSecond(a.bytes_in, b.bytes_in, s),
    bytesOut: perSecond(a.bytes_out, b.bytes_out, s),
    connections: b.connections,
    median: quantile(took, 0.5),
    ninety: quantile(took, 0.9),
    ninetyNine: quantile(took, 0.99),
    hits: perSecond(a.files.hits, b.files.hits, s),
    remembered: perSecond(a.files.remembered, b.files.remembered, s),
    misses: perSecond(a.files.misses, b.files.misses, s),
    layers: new Map((b.layers || []).map((l) => {
      const was = layers.get(l.name), dropped = by(was?.drops, "id");
      return [l.name, {
        in: perSecond(was?.in ?? l.in, l.in, s),
        out: perSecond(was?.out ?? l.out, l.out, s),
        drops: new Map((l.drops || []).map((d) => [d.id, perSecond(dropped.get(d.id)?.reached ?? 0, d.reached, s)])),
      }];
    })),
    sites: new Map((b.sites || []).map((x) => {
      const was = sites.get(x.site) || x;
      return [x.site, {
        requests: perSecond(was.requests, x.requests, s),
        errors: perSecond(was.statuses[5], x.statuses[5], s),
        refused: perSecond(was.statuses[4], x.statuses[4], s),
        bytes: perSecond(was.bytes_out, x.bytes_out, s),
      }];
    })),
    loops: new Map((b.loops || []).map((l) => {
      const was = loops.get(l.index) || l;
      const measured = l.measured_us - was.measured_us;
      return [l.index, {
        turns: perSecond(was.turns, l.turns, s),
        busy: measured > 0 ? Math.min(1, Math.max(0, (l.busy_us - was.busy_us) / measured)) : null,
      }];
    })),
  };
}

/** The last five minutes. It outlives the view, so that whoever comes back finds what was there. */
export class History {
  samples = []; // of the last few seconds, for durations
  points = []; // of the last five minutes; a point of nulls is a gap
  first = null; // the first sample since the page was opened
  house = null; // the youngest sample

  /** Takes a sample in; returns false when it tells nothing new. */
  add(house) {
    const now = time(house), last = this.samples.at(-1);
    if (last && now <= time(last)) return false;
    this.first ??= house;
    this.house = house;
    if (last && now - time(last) > 15 * second) {
      // Nobody looked for a while: what was in between is not known, and no line is drawn across it.
      this.points.push({ at: time(last) / second + 1, gap: true });
      this.samples = [];
    } else if (last && now - time(last) >= 200) {
      while (this.samples.length > 1 && now - time(this.samples[0]) > settled + second / 2) this.samples.shift();
      this.points.push(point(last, house, this.samples[0]));
    }
    this.samples.push(house);
    const oldest = now / second - span - 5;
    while (this.points.length && this.points[0].at < oldest) this.points.shift();
    return true;
  }

  /** The youngest point, or null as long as one sample is all there is. */
  get now() {
    const p = this.points.at(-1);
    return p && !p.gap ? p : null;
  }

  /** The columns of a chart: seconds, then of() of each point; a gap is null. */
  columns(...of) {
    return [this.points.map((p) => p.at), ...of.map((f) => this.points.map((p) => (p.gap ? null : f(p))))];
  }
}
