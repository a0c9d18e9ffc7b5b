// What the transport knew of a connection at a few moments (TCP_INFO): each moment is a column, and what has changed since
// the one before it stands out.

import { html, nothing } from "./lib/lit-html.js";
import { bytes, count, duration, moment } from "./format.js";

const rows = [
  ["State", (s) => s.state],
  ["Round trip", (s) => duration(s.rtt_us), "smoothed"],
  ["  its variation", (s) => duration(s.rttvar_us)],
  ["  the shortest", (s) => duration(s.min_rtt_us)],
  ["Retransmission timeout", (s) => duration(s.rto_us)],
  ["Congestion control", (s) => [s.congestion, s.phase].filter(Boolean).join(", ")],
  ["Congestion window", (s) => bytes(s.cwnd)],
  ["Slow start ends at", (s) => (s.ssthresh && s.ssthresh < 1 << 30 ? bytes(s.ssthresh) : "")],
  ["Client's window", (s) => (s.send_window ? bytes(s.send_window) : "")],
  ["Our window", (s) => (s.recv_window ? bytes(s.recv_window) : "")],
  ["Largest segment", (s) => bytes(s.mss)],
  ["On its way", (s) => bytes(s.in_flight), "sent and not acknowledged"],
  ["Not sent yet", (s) => bytes(s.not_sent)],
  ["Acknowledged", (s) => bytes(s.bytes_acked)],
  ["Received", (s) => bytes(s.bytes_received)],
  ["Segments out, in", (s) => count(s.segments_out) + ", " + count(s.segments_in)],
  ["Sent again", (s) => count(s.retransmits)],
];

/** Shows api Snapshots. */
export function snapshots(list) {
  const columns = list.length > 8 ? [...list.slice(0, 4), ...list.slice(-4)] : list;
  return html`<div class="scrolls" tabindex="0" role="group" aria-label="TCP at moments of this request"><table class="data snapshots">
      <caption class="unseen">What TCP knew at moments of this request</caption>
      <thead><tr><th>At</th>${columns.map((s) => html`<th scope="col" class="number">${moment(s.at_us)}</th>`)}</tr></thead>
      <tbody>${rows.map(([name, f, title]) => {
        const values = columns.map(f);
        if (values.every((v) => !v)) return nothing;
        return html`<tr><th scope="row" title=${title || nothing} class=${name[0] === " " ? "inner" : ""}>${name.trim()}</th>
          ${values.map((v, i) => html`<td class="number" ?data-changed=${i > 0 && v !== values[i - 1]}>${v || "–"}</td>`)}</tr>`;
      })}</tbody>
    </table></div>
    ${list.length > columns.length ? html`<p class="note">${list.length - columns.length} more in between are in the JSON.</p>` : nothing}`;
}
