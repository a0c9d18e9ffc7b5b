// Charts of the last five minutes, drawn by uPlot: a line for each series, told apart by its colour, its dashes and its name at
// its end. Their width in time is fixed from the start, and their height changes in steps, so that nothing jumps.

import uPlot from "./lib/uPlot.js";
import { colour, onTheme } from "./colours.js";
import { span } from "./rates.js";

// The cursors of all charts move together: what happened at one moment is read from all of them.
const together = uPlot.sync("house");

const font = (size, weight = 400) => `${weight} ${size * devicePixelRatio}px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif`;

/** The next number that is not below n and reads well, halved too; a power of two when binary. */
export function nice(n, binary = false) {
  if (binary) return 2 ** Math.ceil(Math.log2(Math.max(n, 1)));
  const ten = 10 ** Math.floor(Math.log10(Math.max(n, 1e-9)));
  for (const step of [1, 2, 3, 4, 5, 6, 8, 10]) if (n <= step * ten * 1.000001) return step * ten;
  return 10 * ten;
}

/**
 * A chart in an element. options:
 *   series   [{ name, token, dash, width }]: the name stands at the line's end
 *   format   a value as text
 *   least    how high the chart is at least
 *   log      the height is a power of ten for each line of the grid
 *   binary   its steps are powers of two
 *   label    what it shows, for people who do not see it
 *   onPoint  called with the index of the point under the cursor, or null
 * The result has set(columns) with seconds first, and close().
 */
export function chart(root, options) {
  const { series, format, least = 1, log = false, binary = false } = options;
  let top = least, bottom = log ? options.floor : 0, data = [[], ...series.map(() => [])];

  // Up at once, down only when there is room for long: whoever reads the chart keeps its scale in mind.
  const range = (u, min, max) => {
    if (max === null || max === undefined || Number.isNaN(max)) return [bottom, top];
    if (log) {
      top = Math.max(options.least, 10 ** Math.ceil(Math.log10(max)));
      bottom = Math.min(options.floor, 10 ** Math.floor(Math.log10(Math.max(min, 1))));
      return [bottom, top];
    }
    const want = Math.max(least, nice(max * 1.06, binary));
    if (want > top || want < top * 0.45) top = want;
    return [0, top];
  };
  const splits = (u) => {
    if (!log) return [0, top / 2, top];
    const out = [];
    for (let v = bottom; v <= top * 1.001; v *= 10) out.push(v);
    return out;
  };
  const ink = () => colour("--ink-3"), line = () => colour("--line");

  const minutes = (u) => (u.width < 340 ? [4, 2, 0] : [4, 3, 2, 1, 0]);

  const ends = (u) => {
    // The names of lines, at their ends, from the highest to the lowest and never on one another.
    const { ctx } = u, { left, top: from, width, height } = u.bbox, size = 11 * devicePixelRatio, gap = size * 1.15;
    const names = [];
    series.forEach((s, i) => {
      const column = u.data[i + 1];
      let at = column.length - 1;
      while (at >= 0 && column[at] == null && column.length - at < 4) at--;
      if (at < 0 || column[at] == null || s.quiet?.(column)) return;
      names.push({ text: s.name, token: s.token, y: Math.max(from + size / 2, Math.min(from + height, u.valToPos(column[at], "y", true))) });
    });
    names.sort((a, b) => a.y - b.y);
    for (let i = 1; i < names.length; i++) names[i].y = Math.max(names[i].y, names[i - 1].y + gap);
    let limit = from + height;
    for (let i = names.length - 1; i >= 0; i--) {
      names[i].y = Math.min(names[i].y, limit);
      limit = names[i].y - gap;
    }
    ctx.save();
    ctx.font = font(11, 600);
    ctx.textBaseline = "middle";
    ctx.textAlign = "left";
    for (const n of names) {
      ctx.fillStyle = colour(n.token);
      ctx.fillText(n.text, left + width + 6 * devicePixelRatio, n.y);
    }
    ctx.restore();
  };

  const u = new uPlot(
    {
      width: Math.max(120, root.clientWidth),
      height: options.height || 132,
      padding: [8, 42, 0, 0],
      legend: { show: false },
      cursor: {
        sync: { key: together.key, setSeries: false },
        drag: { x: false, y: false },
        points: { size: 7, width: 2, stroke: (u, i) => colour(series[i - 1].token), fill: () => colour("--pane") },
        y: false,
      },
      scales: {
        x: { time: true, range: () => [now() - span, now()] },
        y: { distr: log ? 3 : 1, range },
      },
      axes: [
        {
          size: 22, gap: 3, font: '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif', stroke: ink,
          grid: { show: false }, ticks: { show: true, size: 4, width: 1, stroke: line },
          splits: (u) => minutes(u).map((m) => now() - m * 60),
          values: (u) => minutes(u).map((m) => (m === 0 ? "now" : `−${m} min`)),
        },
        {
          size: options.size || 52, gap: 4, font: '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif', stroke: ink,
          splits, filter: (u, list) => list, grid: { width: 1, stroke: line }, ticks: { show: false }, border: { show: false },
          values: (u, list) => list.map((v) => format(v)),
        },
      ],
      series: [
        {},
        ...series.map((s) => ({
          stroke: () => colour(s.token),
          width: s.width || 1.6,
          dash: s.dash,
          points: { show: (u, i) => data[0].length < 3 },
          fill: s.fill ? () => colour(s.token).replace(/^rgb\((.*)\)$/, "rgba($1, 0.12)") : undefined,
          spanGaps: false,
        })),
      ],
      hooks: {
        draw: [ends],
        setCursor: [(u) => options.onPoint?.(u.cursor.idx ?? null, u.cursor.left >= 0)],
      },
    },
    data,
    root,
  );
  u.root.setAttribute("role", "img");
  u.root.setAttribute("aria-label", options.label);

  // The right edge is the server's clock as of the last sample.
  function now() {
    return data[0].length ? data[0][data[0].length - 1] : Math.floor(Date.now() / 1000);
  }

  const resize = new ResizeObserver(() => {
    const width = Math.max(120, Math.floor(root.clientWidth));
    if (Math.abs(width - u.width) >= 1) u.setSize({ width, height: u.height });
  });
  resize.observe(root);
  const theme = onTheme(() => u.redraw(false, true));

  return {
    set(columns) {
      data = columns;
      u.setData(columns, true);
    },
    close() {
      theme();
      resize.disconnect();
      u.destroy();
    },
  };
}
