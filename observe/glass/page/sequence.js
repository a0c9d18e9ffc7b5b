// The frames of a connection as a sequence diagram: sequence(journey.sequence, width, open, toggle). Time goes down, the
// client is at the left, the server at the right with the states of its connection. Times are those of the server, so the
// slope of an arrow is drawn and not measured. Distances are not to scale: what was long ago is brought near, and says so.

import { html, nothing, svg } from "./lib/lit-html.js";
import { bytes, count, duration, exactly, moment, plural, sentence } from "./format.js";

const slope = 9;
const fold = 14; // frames of data in a row, of which the middle is folded

/**
 * width in pixels; open is a Set of the folds that were opened, toggle(name) changes it.
 */
export function sequence(s, width, open, toggle) {
  const narrow = width < 620;
  const x1 = narrow ? 12 : 190, x2 = narrow ? width - 12 : width - 150;
  const items = folded(s.frames, open);
  const clients = presumed(s.frames);
  const shapes = [];
  const bands = { server: [], client: [] }; // [y, state] where a state begins
  let y = 30, before;
  for (const item of items) {
    if (before !== undefined && item.at_us - before > 400e3) {
      y += 16;
      shapes.push(later(item.at_us - before, y, x1, x2));
      y += 20;
    } else if (before !== undefined) {
      y += Math.min(18, 4 * Math.log10(1 + Math.max(0, item.at_us - before) / 50));
    }
    before = item.until ?? item.at_us;
    if (item.fold) {
      y += 6;
      shapes.push(foldShape(item, y, x1, x2, narrow, toggle));
      y += 26;
    } else if (item.kind === "state") {
      const [, to] = item.text.split(/\s*(?:→|->)\s*/);
      y += narrow ? 16 : 12;
      shapes.push(stateShape(item, to || item.text, y, x2, narrow));
      bands.server.push([y, to || item.text]);
      y += narrow ? 8 : 10;
    } else {
      const label = labelOf(item, (x2 - x1 - 12) / 6.9);
      y += (narrow ? 24 : 17) + (label.lines.length > 1 ? 14 : 0);
      shapes.push(frameShape(item, label, y, x1, x2, narrow));
      const after = clients.get(item);
      if (after) {
        const at = item.out ? y + slope : y - slope / 2;
        shapes.push(clientShape(after, at, x1, narrow));
        bands.client.push([at, after]);
      }
      y += slope + 17;
    }
  }
  const height = y + 14;
  return html`<svg class="sequence" width=${width} height=${height} role="group" aria-label=${"Sequence of " + plural(s.frames.length, "frame and state", "frames and states") + "; the same as a table is below"}>
      <text class="who" x=${narrow ? 2 : x1} y="14" text-anchor=${narrow ? "start" : "middle"}>Client</text>
      <text class="who" x=${narrow ? width - 2 : x2} y="14" text-anchor=${narrow ? "end" : "middle"}>Server</text>
      <path class="life" d=${`M${x1} 22V${height}M${x2} 22V${height}`} />
      ${band(bands.client, x1, height, "presumed")}${band(bands.server, x2, height, "")}
      ${shapes}
    </svg>`;
}

/** The items to draw: frames, changes of state, and folds of what can be passed over. */
function folded(frames, open) {
  const out = [];
  for (let i = 0; i < frames.length; ) {
    const f = frames[i];
    let j = i;
    if (f.kind !== "state" && !f.own) {
      while (j < frames.length && frames[j].kind !== "state" && !frames[j].own) j++;
      put(i, j, "of other requests");
    } else if (plain(f)) {
      while (j < frames.length && plain(frames[j])) j++;
      if (j - i > fold) {
        out.push(...frames.slice(i, i + 5));
        put(i + 5, j - 4, "of data and acknowledgements");
        out.push(...frames.slice(j - 4, j));
      } else out.push(...frames.slice(i, j));
    } else {
      out.push(f);
      j = i + 1;
    }
    i = j;
  }
  return out;

  function put(from, to, what) {
    const name = what + from;
    const all = frames.slice(from, to);
    if (all.length < 3) {
      out.push(...all);
      return;
    }
    out.push({ fold: name, open: open.has(name), at_us: all[0].at_us, until: open.has(name) ? all[0].at_us : all.at(-1).at_us, n: all.length, size: all.reduce((sum, f) => sum + f.len, 0), what });
    if (open.has(name)) out.push(...all);
  }
}

const plain = (f) => f.kind === "tcp" && f.own && !f.again && !/SYN|FIN|RST/.test(f.flags || "");

/** What the client's states must have been, from its frames: by the frame after which it changed. */
function presumed(frames) {
  const states = new Map();
  let state = "";
  const set = (f, to) => {
    if (state === to) return;
    state = to;
    states.set(f, to);
  };
  let finIn, finOut;
  for (const f of frames) {
    if (f.kind !== "tcp") continue;
    const flags = f.flags || "";
    if (/RST/.test(flags)) set(f, "CLOSED");
    else if (/SYN/.test(flags)) set(f, f.out ? "ESTABLISHED" : "SYN-SENT");
    else if (/FIN/.test(flags) && f.out) {
      finOut = f.seq + f.len + 1;
      set(f, finIn === undefined ? "CLOSE-WAIT" : "TIME-WAIT");
    } else if (/FIN/.test(flags)) {
      finIn = f.seq + f.len + 1;
      set(f, finOut === undefined ? "FIN-WAIT-1" : "LAST-ACK");
    } else if (f.out && finIn !== undefined && f.ack >= finIn) {
      set(f, state === "LAST-ACK" ? "CLOSED" : state === "FIN-WAIT-1" ? "FIN-WAIT-2" : state);
    }
  }
  return states;
}

function role(f) {
  if (!f.own) return "other";
  if (f.again) return "again";
  if (/RST/.test(f.flags || "")) return "reset";
  if (f.len > 0) return f.out ? "response" : "request";
  return "control";
}

const numbers = (f, short) =>
  f.kind !== "tcp"
    ? ""
    : [`seq ${f.seq ?? 0}`, f.ack >= 0 && /ACK/.test(f.flags || "") ? `ack ${f.ack ?? 0}` : "", `len ${f.len}`, !short && f.window ? `win ${count(f.window)}` : ""].filter(Boolean).join("  ");

/** What stands on an arrow: the flags, and the text in at most two lines of about so many characters. */
function labelOf(f, room) {
  const flags = f.kind === "tcp" ? f.flags || "" : f.kind.toUpperCase();
  // The text often begins with the flags, and they are not said twice.
  let words = f.text.split(" ");
  const said = flags.split(" ");
  const flag = (w) => said.includes(w.replace(",", ""));
  if (words.every(flag)) words = [];
  while (words.length && flag(words[0])) words.shift();
  if (f.pieces > 1 && !/segments/.test(f.text)) words.push(`in ${f.pieces} segments`);
  if (f.again && !/again/.test(f.text)) words.push("· sent again");
  const lines = [""];
  let left = room - flags.length - 2;
  for (const word of words) {
    if (word.length + 1 > left && lines.at(-1)) {
      if (lines.length === 2) {
        lines[1] += " …";
        break;
      }
      lines.push("");
      left = room - 2;
    }
    lines[lines.length - 1] += (lines.at(-1) ? " " : "") + word;
    left -= word.length + 1;
  }
  return { flags, lines };
}

function frameShape(f, label, y, x1, x2, narrow) {
  const from = f.out ? x2 : x1, to = f.out ? x1 : x2, dir = f.out ? -1 : 1;
  const end = y + slope / 2, begin = y - slope / 2, middle = (x1 + x2) / 2;
  const [first, second] = label.lines;
  const top = y - 7 - (second ? 14 : 0);
  return svg`<g class="frame" data-role=${role(f)}>
    <title>${f.text}${"\n"}${exactly(f.at_us)}, ${plural(f.bytes, "byte")}${"\n"}${numbers(f)}${f.options ? "\n" + f.options : ""}</title>
    <rect class="touch" x=${Math.min(x1, x2)} y=${top - 13} width=${Math.abs(x2 - x1)} height=${y + 20 - top + 13} />
    <path class="arrow" d=${`M${from} ${begin}L${to - dir * 2} ${end}`} />
    <path class="tip" d=${`M${to} ${end}l${-dir * 9} -4.2l${dir * 1} ${4.2 - 0.6}l${-dir * 1.6} 4.6z`} />
    <text class="label" x=${middle} y=${top} text-anchor="middle"><tspan class="flags">${label.flags}</tspan>${first ? svg`<tspan dx="7">${first}</tspan>` : nothing}</text>
    ${second ? svg`<text class="label" x=${middle} y=${top + 14} text-anchor="middle">${second}</text>` : nothing}
    <text class="numbers" x=${middle} y=${y + 17} text-anchor="middle">${narrow ? moment(f.at_us) + "  " + numbers(f, true) : numbers(f)}</text>
    ${narrow ? nothing : svg`<text class="time" x="76" y=${(f.out ? begin : end) + 4} text-anchor="end">${moment(f.at_us)}</text>`}
  </g>`;
}

function stateShape(f, to, y, x2, narrow) {
  return svg`<g class="state"><title>${f.text}${f.reason ? "\n" + sentence(f.reason.sentence) + " " + f.reason.id : ""}${"\n" + exactly(f.at_us)}</title>
    <circle cx=${x2} cy=${y} r="4.5" />
    <text x=${narrow ? x2 - 12 : x2 + 13} y=${y + 4} text-anchor=${narrow ? "end" : "start"}>${to}</text>
    ${narrow ? nothing : svg`<text class="time" x="76" y=${y + 4} text-anchor="end">${moment(f.at_us)}</text>`}
  </g>`;
}

function clientShape(state, y, x1, narrow) {
  if (narrow) return svg`<circle class="presumed-dot" cx=${x1} cy=${y} r="3.5"><title>${state}, as its frames tell</title></circle>`;
  return svg`<g class="state presumed"><title>${state}, as its frames tell</title><circle cx=${x1} cy=${y} r="3.5" />
    <text x=${x1 - 11} y=${y + 4} text-anchor="end">${state}</text></g>`;
}

function later(us, y, x1, x2) {
  return svg`<g class="later"><path d=${`M${x1 - 5} ${y - 3}l10 -4m-10 8l10 -4M${x2 - 5} ${y - 3}l10 -4m-10 8l10 -4`} />
    <text x=${(x1 + x2) / 2} y=${y} text-anchor="middle">${duration(us)} later</text></g>`;
}

function foldShape(item, y, x1, x2, narrow, toggle) {
  const words = `${plural(item.n, "frame")} ${item.what}` + (item.size && !narrow ? `, ${bytes(item.size)}` : "");
  const open = () => toggle(item.fold);
  return svg`<g class="seq-fold" role="button" tabindex="0" aria-expanded=${item.open} aria-label=${words} @click=${open}
      @keydown=${(e) => (e.key === "Enter" || e.key === " ") && (e.preventDefault(), open())}>
    <rect x=${x1 + 24} y=${y - 9} width=${x2 - x1 - 48} height="24" rx="12" />
    <text x=${(x1 + x2) / 2} y=${y + 7} text-anchor="middle">${(item.open ? "fold " : "") + words}</text>
  </g>`;
}

function band(list, x, height, kind) {
  return list.map(([y, state], i) => {
    const to = list[i + 1]?.[0] ?? (/CLOSED/.test(state) ? y : height);
    return svg`<path class=${"band " + kind} data-state=${group(state)} d=${`M${x} ${y}V${to}`} />`;
  });
}

const group = (state) => (/ESTAB/.test(state) ? "open" : /SYN|LISTEN/.test(state) ? "opening" : /TIME/.test(state) ? "rest" : "closing");

/** The same as a table, with everything that is known of each frame. */
export const frameTable = (s) => html`<div class="scrolls" tabindex="0" role="group" aria-label="Frames"><table class="data frames">
    <thead><tr><th class="number">Time</th><th>Sent by</th><th>What</th><th>Flags</th><th class="number">Seq</th><th class="number">Ack</th><th class="number">Payload</th>
      <th class="number">Window</th><th class="number">Frame</th><th>Options</th></tr></thead>
    <tbody>${s.frames.map((f) =>
      f.kind === "state"
        ? html`<tr class="frame-state"><td class="number">${moment(f.at_us)}</td><td>server</td><td colspan="8"><b>${f.text}</b> ${f.reason ? html`<span class="faint">${sentence(f.reason.sentence)} ${f.reason.id}</span>` : nothing}</td></tr>`
        : html`<tr class=${f.own ? "" : "frame-other"}><td class="number" title=${exactly(f.at_us)}>${moment(f.at_us)}</td><td>${f.out ? "server" : "client"}</td><td>${f.text}${f.again ? " (again)" : ""}${f.pieces > 1 ? ` (${f.pieces} segments)` : ""}</td>
            <td><code>${f.flags || f.kind}</code></td><td class="number">${f.kind === "tcp" ? f.seq ?? 0 : nothing}</td><td class="number">${f.kind === "tcp" ? f.ack ?? 0 : nothing}</td><td class="number">${f.len}</td>
            <td class="number">${f.window ? count(f.window) : nothing}</td><td class="number">${f.bytes}</td><td>${f.options || nothing}</td></tr>`,
    )}</tbody></table></div>`;
