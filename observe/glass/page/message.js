// A request or a response: its line, its fields, and for each field the configuration's line that is responsible.

import { html, nothing } from "./lib/lit-html.js";
import { bytes, readable } from "./format.js";
import { icon } from "./parts.js";
import { position } from "./source.js";

/** Shows an api Message. what is "request" or "response"; sizes says whether to show how long it was (a dry run sends none). */
export function message(m, what, sizes = true) {
  if (!m) return nothing;
  return html`<div class="message">
      ${m.line
        ? html`<p class="message-line"><code>${readable(m.line)}</code></p>`
        : html`<p class="message-line faint">${what === "response" ? "No response was sent." : "The request's line was not read."}</p>`}
      ${m.fields?.length
        ? html`<table class="fields"><caption class="unseen">Fields of the ${what}</caption>
            <thead class="unseen"><tr><th>Field</th><th>Value</th></tr></thead>
            <tbody>${m.fields.map(field)}</tbody></table>`
        : nothing}
      ${m.cut ? html`<p class="note">The head was longer than what is kept of one; the rest is not shown. <code>head_bytes</code> in the
          <code>journeys</code> block keeps more.</p>` : nothing}
      ${sizes && m.line
        ? html`<p class="message-foot">${m.body > 0 || what === "response"
              ? html`${bytes(m.bytes)} sent, of them ${bytes(m.body)} body`
              : html`${bytes(m.bytes)}, no body`} · from byte ${m.at.toLocaleString("en")} of the connection's stream</p>`
        : nothing}
    </div>`;
}

const field = (f) => html`<tr>
    <th scope="row"><code>${readable(f.name)}</code></th>
    <td>${f.hidden
        ? html`<span class="secret" title="Secrets are not recorded, unless show in the journeys block names the field">${icon("hidden")}hidden${f.value ? " · " + f.value : ""}</span>`
        : html`<code>${readable(f.value)}</code>`}
      ${f.position ? position(f.position) : nothing}</td>
  </tr>`;
