// One journey as a row of the list.

import { html, nothing } from "./lib/lit-html.js";
import { bytes, clock, dateTime, duration, exactly, phrase, plural, readable, sentence } from "./format.js";
import { icon, sentences, status } from "./parts.js";
import { shortText } from "./source.js";

/** The row of a summary, which is number i of the list. */
export function row(s, i, chosen) {
  return html`<div class="jrow" role="row" id=${"row-" + s.id} data-id=${s.id} aria-rowindex=${i + 2} aria-selected=${chosen} data-kind=${s.failed ? "failed" : s.slow ? "slow" : ""}>
    <span role="gridcell" class="c-time">${clock(s.start)}</span>
    <span role="gridcell" class="c-status">${status(s.status, false, false)}</span>
    <span role="gridcell" class="c-request"><span class="jmethod">${s.method || "–"}</span> <a tabindex="-1" href=${"#/journeys/" + s.id}><span
      class="host">${readable(s.host)}</span>${readable(s.target) || "–"}</a></span>
    <span role="gridcell" class="c-reason"><code class="reason-id" data-tone=${s.kind || ""}>${s.reason || "–"}</code></span>
    <span role="gridcell" class="c-line"><code>${shortText(s.position)}</code></span>
    <span role="gridcell" class="c-took">${s.slow ? icon("slow") : nothing}<span>${duration(s.took_us)}</span><svg
      class="took-bar" viewBox="0 0 60 4" preserveAspectRatio="none" aria-hidden="true"><rect width=${bar60(s.took_us)} height="4" rx="1.5" /></svg></span>
    <span role="gridcell" class="c-size">${s.body ? bytes(s.body) : "–"}</span>
    <span role="gridcell" class="c-client"><code>${s.user ? html`<b>${readable(s.user)}</b> ` : nothing}${s.client}</code></span>
  </div>`;
}

/** What a cell says when one points at it. It is made then: rows change by the hundred, and titles are most of their work. */
export function cellTitle(name, s) {
  const says = {
    "c-time": () => dateTime(s.start),
    "c-status": () => `${s.status} ${phrase(s.status)}` + (s.failed ? ": it failed" : ""),
    "c-request": () => readable(s.host + s.target),
    "c-reason": () => (s.reason ? sentence(sentences.get(s.reason) || s.reason) : ""),
    "c-line": () => s.position || "no line of the configuration is responsible",
    "c-took": () => exactly(s.took_us) + (s.slow ? ": slow" : ""),
    "c-size": () => plural(s.body, "byte"),
    "c-client": () => s.client + (s.peer ? ", through " + s.peer : "") + (s.user ? ", user " + readable(s.user) : ""),
  };
  return says[name]?.() || "";
}

/** The width of a duration's bar, of 60: logarithmic from 10 µs to 10 s. */
const bar60 = (us) => Math.max(1.5, Math.min(60, 10 * Math.log10(Math.max(us, 1) / 10))).toFixed(1);
