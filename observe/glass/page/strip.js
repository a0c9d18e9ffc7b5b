// The line above the list of journeys: whether it is live, how much there is, and what is recorded.

import { html, nothing } from "./lib/lit-html.js";
import { link } from "./api.js";
import { bytes, clock, compact, count, dateTime, plural } from "./format.js";

/** r is api.Recording; now is what the list knows of itself. */
export function strip(r, now) {
  const { perSecond } = now;
  return html`<div class="strip">
    <span class="strip-live" data-live=${!now.reads && link.state === "there"}>
      <span class="dot"></span>${now.paused ? "paused" : link.state === "gone" ? "broken off" : now.reads ? "held, while you read" : "live"}
      ${perSecond === undefined ? nothing : html`· <b>${compact(perSecond)}</b>/s`}</span>
    <span>${count(now.rows)} ${now.more ? "newest" : "in all"}${now.filtered ? ", filtered" : ""}</span>
    ${now.leftOut ? html`<span class="strip-warn">${count(now.leftOut)} came too fast to be shown <button class="quiet small" @click=${now.again}>load anew</button></span>` : nothing}
    <span class="strip-space"></span>
    ${r
      ? r.on
        ? html`<span class="strip-mode" title=${"recorded: " + r.mode + "\nsince the start: " + count(r.recorded)}>records <b>${r.mode}</b></span>
            ${r.left_out ? html`<span title="by sampling, conditions and the bound a second">${count(r.left_out)} left out</span>` : nothing}
            <span class="memory" title=${plural(r.journeys, "journey") + " in memory" + (r.oldest ? "; the oldest of " + dateTime(r.oldest) : "")}>
              <span class="memory-meter" role="meter" aria-label="Memory of the recording" aria-valuemin="0" aria-valuemax="100"
                aria-valuenow=${Math.round((100 * r.bytes) / (r.limit || 1))}><span .style=${"width:" + Math.min(100, (100 * r.bytes) / (r.limit || 1)) + "%"}></span></span>
              ${bytes(r.bytes)} of ${bytes(r.limit)}</span>
            ${r.oldest ? html`<span class="strip-since">since ${clock(r.oldest).slice(0, 8)}</span>` : nothing}`
        : html`<span class="strip-warn">nothing is recorded</span>`
      : nothing}
  </div>`;
}
