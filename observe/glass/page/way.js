// The way of a request through the layers, on a time axis: way(journey, width) draws the stations from top to bottom, what
// each did, and when. Stations that were not passed lie beside the track and say why.

import { html, nothing, svg } from "./lib/lit-html.js";
import { duration, exactly, moment, sentence } from "./format.js";

// Which part of the time a station's work belongs to, for its colour.
const colours = {
  adapter: "accept", ip: "accept", tcp: "accept", socket: "accept", http: "head", site: "decide", cache: "decide", upstream: "decide",
  response: "send", close: "accept", log: "accept",
};

const least = 0.1; // of the axis, for a part that would be too short to be seen
const tallest = 600; // of the lanes' lines, in pixels: a station with much to say is high, and a lane shows what is its own
const tail = 0.07; // of the axis, for what lies before or after all parts

/**
 * The axis of a journey: at(us) is the place of a moment, from 0 to 1. Parts that are short beside the others are widened;
 * true is `even` when none had to be. What lies outside of the parts is at the ends.
 */
export function axis(journey) {
  const parts = journey.parts.filter((p) => p.to_us >= p.from_us);
  const borders = [...new Set(parts.flatMap((p) => [p.from_us, p.to_us]))].sort((a, b) => a - b);
  if (borders.length === 0) borders.push(0, Math.max(journey.took_us, 1));
  if (borders.length === 1) borders.push(borders[0] + 1);
  const first = borders[0], last = borders.at(-1);
  const times = journey.layers.filter((l) => l.used).flatMap((l) => [l.at_us, l.to_us]);
  const from = times.some((t) => t < first - 0.5) ? tail : 0;
  const to = times.some((t) => t > last + 0.5) ? 1 - tail : 1;
  const spans = borders.slice(1).map((b, i) => b - borders[i]);
  const shares = spans.map((s) => s / (last - first));
  const even = shares.every((s) => s >= least);
  const wide = shares.map((s) => Math.max(s, least));
  const sum = wide.reduce((a, b) => a + b, 0);
  const places = [from];
  for (const w of wide) places.push(places.at(-1) + (w / sum) * (to - from));
  const at = (us) => {
    if (us < first) return 0;
    if (us > last) return 1;
    let i = 0;
    while (i < spans.length - 1 && us > borders[i + 1]) i++;
    return places[i] + (spans[i] ? ((us - borders[i]) / spans[i]) * (places[i + 1] - places[i]) : 0);
  };
  return { at, borders, places, even, from, to, first, last };
}

/** width is that of the lane in which the bars are, in pixels. */
export function way(journey, width) {
  const a = axis(journey);
  const layers = journey.layers;
  const begin = layers.findIndex((l) => l.used), end = layers.findLastIndex((l) => l.used);
  return html`
    <div class="way-head">
      <ul class="parts" aria-label="Parts of its time">
        ${journey.parts.map(
          (p) => html`<li title=${p.title + ": " + exactly(p.to_us - p.from_us)}><span class="part-swatch" data-part=${p.name}></span>${p.name}
            <b>${duration(p.to_us - p.from_us)}</b><span class="parts-title">${p.title}</span>${p.note ? html`<span class="parts-note">${p.note}</span>` : nothing}</li>`,
        )}
      </ul>
      <div class="way-axis">${width > 0 ? head(journey, a, width) : nothing}</div>
    </div>
    <ol class="way">
      ${layers.map(
        (l, i) => html`<li class="station" data-layer=${l.name} ?data-used=${l.used} data-end=${i === begin ? "first" : i === end ? "last" : i < begin || i > end ? "outside" : nothing}>
          <span class="track" aria-hidden="true"><span class="node" data-part=${colours[l.name] || "accept"}></span></span>
          <div class="station-name"><b>${l.title || l.name}</b>${l.used ? html`<span class="when" title=${when(l, exactly)}>${when(l, moment)}</span>` : html`<span class="when">not passed</span>`}</div>
          <div class="station-text">${sentence(l.text)}${l.reason
              ? html` <span class="station-why">${sentence(l.reason.sentence)} <code class="reason-id" data-tone=${l.reason.kind}>${l.reason.id}</code></span>`
              : nothing}${l.marks?.length
              ? html` <span class="station-marks faint">${l.marks.map((m, k) => html`${k ? " · " : nothing}${m.title} <span class="nowrap">${moment(m.at_us)}</span>`)}</span>`
              : nothing}</div>
          <div class="lane">${width > 0 ? lane(l, a, width) : nothing}</div>
        </li>`,
      )}
    </ol>
    ${a.even ? nothing : html`<p class="note">The axis is stretched where parts were too short to be seen; the numbers are exact. Zero is when the request's head was complete.</p>`}
  `;
}

function when(l, f) {
  if (l.to_us - l.at_us < 0.5) return f(l.at_us);
  return f(l.at_us) + " … " + f(l.to_us);
}

function head(journey, a, width) {
  const ticks = [];
  let right = -100;
  a.borders.forEach((us, i) => {
    const text = moment(us), x = a.places[i] * width, half = text.length * 3.3;
    const middle = Math.max(half, Math.min(width - half, x));
    if (middle - half < right + 6) return;
    right = middle + half;
    ticks.push(svg`<text x=${middle} y="10" text-anchor="middle">${text}</text>`);
  });
  return html`<svg class="axis" width=${width} height="34" role="img" aria-label=${journey.parts.map((p) => p.name + " " + duration(p.to_us - p.from_us)).join(", ")}>
    ${ticks}
    ${a.places.map((p) => svg`<path class="border" d=${`M${(p * width).toFixed(1)} 14v20`} />`)}
    ${journey.parts.map((p) => {
      const x = a.at(p.from_us) * width, w = Math.max(1.5, a.at(p.to_us) * width - x - 1);
      return svg`<rect class="part" data-part=${p.name} x=${x.toFixed(1)} y="17" width=${w.toFixed(1)} height="12" rx="2"><title>${p.title}: ${exactly(p.to_us - p.from_us)}</title></rect>`;
    })}
  </svg>`;
}

function lane(l, a, width) {
  const lines = a.places.map((p) => svg`<path class="border" d=${`M${(p * width).toFixed(1)} 0v${tallest}`} />`);
  let bar = nothing;
  if (l.used) {
    const x = a.at(l.at_us) * width, end = a.at(l.to_us) * width;
    const part = colours[l.name] || "accept";
    if (end - x < 3) {
      const m = Math.max(5, Math.min(width - 5, x));
      bar = svg`<circle class="part" data-part=${part} cx=${m.toFixed(1)} cy="11" r="4" />`;
    } else {
      const before = l.at_us < a.first - 0.5, after = l.to_us > a.last + 0.5;
      bar = svg`<rect class="part" data-part=${part} x=${x.toFixed(1)} y="7" width=${(end - x).toFixed(1)} height="8" rx="3" />
        ${before ? svg`<path class="gap" d=${`M${(a.from * width * 0.5).toFixed(1)} 4l-3 14m6 -14l-3 14`} />` : nothing}
        ${(l.marks || []).map((m) => svg`<path class="mark-at" d=${`M${(a.at(m.at_us) * width).toFixed(1)} 3v16`}><title>${m.title}: ${moment(m.at_us)}</title></path>`)}
        ${after ? svg`<path class="gap" d=${`M${((1 - tail / 2) * width).toFixed(1)} 4l-3 14m6 -14l-3 14`} />` : nothing}`;
    }
  }
  return html`<svg width=${width} height=${tallest} aria-hidden="true">${lines}${bar}</svg>`;
}
