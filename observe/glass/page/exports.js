// The menu that hands out all journeys that fit a filter: as files, and as a command line.

import { html } from "./lib/lit-html.js";
import { address } from "./api.js";
import { command, copy, icon } from "./parts.js";
import { commandLine } from "./filter.js";

/** query is the filter's; toggled is told when somebody opens or closes the menu. */
export function exportMenu(query, open, toggled) {
  const line = commandLine(query);
  return html`<details class="menu" ?open=${open} @toggle=${(e) => toggled(e.target.open)}>
    <summary class="button" aria-label="Export">${icon("download")}<span>Export</span></summary>
    <div class="menu-body">
      <h2>All that fit the filter</h2>
      <div class="downloads">
        ${[["HAR", "har", "for a browser's developer tools"], ["pcapng", "pcapng", "for Wireshark"], ["JSON", "json", "for programs"]].map(
          ([label, format, what]) => html`<a class="button small" href=${address("journeys/" + format, query)} download title=${what}>${icon("download")}${label}</a>`,
        )}
      </div>
      <h2>The same on a terminal</h2>
      ${command(line)}
      <h2>This view, to share</h2>
      <p>${copy(() => location.href, "Copy its address")}</p>
    </div>
  </details>`;
}
