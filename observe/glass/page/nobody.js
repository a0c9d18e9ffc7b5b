// What the list of journeys says when there is none: why, and what to do.

import { html, nothing } from "./lib/lit-html.js";
import { plural } from "./format.js";
import { command, empty, icon } from "./parts.js";

/** r is api.Recording, bar the filter's, addresses those that the server listens on. */
export function nobody(r, bar, addresses) {
  if (bar.some()) {
    return empty(
      "No journey fits the filter",
      r?.journeys ? `${plural(r.journeys, "journey")} ${r.journeys === 1 ? "is" : "are"} remembered, and none of them is like that. New ones that fit appear here.` : "None is remembered at all yet.",
      html`<button @click=${() => bar.clear()}>${icon("close")}Clear the filter</button>`,
    );
  }
  if (r && !r.on) {
    return empty("Nothing is recorded", html`<code>journeys { off = true }</code> says so in the configuration. Without it, and after a reload, requests appear here.`);
  }
  const where = open(addresses);
  return empty(
    "No request yet",
    html`${where ? html`Open <a href=${where} target="_blank" rel="noopener">${where}</a> and watch.` : "Ask the server for something and watch."} Every request appears here
      with what decided its answer, and the line of the configuration that is responsible.`,
    where ? command("curl -i " + where) : nothing,
  );
}

/** Where a browser on this machine finds the server: an address to listen on as a URL. */
function open(addresses) {
  if (!addresses?.length) return "";
  const m = /^(?:\[(.*)\]|([^:]*)):(\d+)$/.exec(addresses[0]);
  if (!m) return "";
  const host = m[1] ?? m[2];
  const named = { "": "localhost", "::": "localhost", "0.0.0.0": "localhost", "127.0.0.1": "localhost", "::1": "localhost" }[host] ?? (m[1] ? `[${host}]` : host);
  return `http://${named}${m[3] === "80" ? "" : ":" + m[3]}/`;
}
