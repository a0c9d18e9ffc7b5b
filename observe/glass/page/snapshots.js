// What the transport knew of a connection at a few moments (TCP_INFO): when this request was answered, and last. When there
// are many moments a line shows how a number went over all of them; otherwise the first is shown too.

import { html, nothing, svg } from "./lib/lit-html.js";
import { bytes, count, duration, moment } from "./format.js";

// Name, how it is shown, the number for the line, and a title.
const rows = [
  ["State", (s) => s.state],
  ["Round trip", (s) => duration(s.rtt_us), (s) => s.rtt_us, "smoothed"],
  ["  its variation", (s) => duration(s.rttvar_us), (s) => s.rttvar_us],
  ["  the shortest", (s) => duration(s.min_rtt_us), (s) => s.min_rtt_us],
  ["Timeout (RTO)", (s) => duration(s.rto_us), (s) => s.rto_us],
  ["Congestion control", (s) => [s.congestion, s.phase].filter(Boolean).join(", ")],
  ["Congestion window", (s) => bytes(s.cwnd), (s) => s.cwnd],
  ["Slow start ends at", (s) => (s.ssthresh && s.ssthresh < 1 << 30 ? bytes(s.ssthresh) : ""), (s) => s.ssthresh],
  ["Client's window", (s) => (s.send_window ? bytes(s.send_window) : ""), (s) => s.send_window],
  ["Our window", (s) => (s.recv_window ? bytes(s.recv_window) : ""), (s) => s.recv_window],
  ["Largest segment", (s) => bytes(s.mss), (s) => s.mss],
  ["On its way", (s) => bytes(s.in_flight), (s) => s.in_flight, "sent and not acknowledged"],
  ["Not sent yet", (s) => bytes(s.not_sent), (s) => s.not_sent],
  ["Acknowledged", (s) => bytes(s.bytes_acked), (s) => s.bytes_acked],
  ["Received", (s) => bytes(s.bytes_received), (s) => s.bytes_received],
  ["Segments out, in", (s) => count(s.segments_out) + ", " + count(s.segments_in), (s) => s.segments_out + s.segments_in],
  ["Sent again", (s) => count(s.retransmits), (s) => s.retransmits],
];

/** Shows api Snapshots, which are in the order of time, of a request that took so long. */
export function snapshots(list, took) {
  // The one that is nearest to the request's end tells of the request.
  const here = list.reduce((best, s, i) => (Math.abs(s.at_us - took) < Math.abs(list[best].at_us - took) ? i : best), 0);
  const line = list.length > 3;
  const picked = [...new Set(line ? [here, list.length - 1] : [0, here, list.length - 1])];
  return html`<div class="scrolls" tabindex="0" role="group" aria-label="TCP at moments of the connection"><table class="data snapshots">
      <caption class="unseen">What TCP knew at moments of the connection</caption>
      <thead><tr><td></td>${line ? html`<td class="spark-cell">all</td>` : nothing}${picked.map(
        (i) => html`<th scope="col" class="number" ?data-here=${i === here}>${moment(list[i].at_us)}</th>`)}</tr></thead>
      <tbody>${rows.map(([name, f, number, title]) => {
        const values = picked.map((i) => f(list[i]));
        if (values.every((v) => !v)) return nothing;
        return html`<tr><th scope="row" title=${title || nothing} class=${name[0] === " " ? "inner" : ""}>${name.trim()}</th>
          ${line ? html`<td class="spark-cell">${number ? spark(list.map(number), here) : nothing}</td>` : nothing}
          ${values.map((v, k) => html`<td class="number" ?data-changed=${k > 0 && v !== values[k - 1]}>${v || "–"}</td>`)}</tr>`;
      })}</tbody>
    </table></div>`;
}

/** How a number went: a line of 64 by 16, with a dot where the request was. Nothing for one that stayed. */
function spark(values, here) {
  const low = Math.min(...values), high = Math.max(...values);
  if (high === low) return nothing;
  const x = (i) => (3 + (58 * i) / (values.length - 1)).toFixed(1), y = (v) => (13 - (10 * (v - low)) / (high - low)).toFixed(1);
  return html`<svg class="spark" width="64" height="16" aria-hidden="true">${svg`<path d=${"M" + values.map((v, i) => x(i) + " " + y(v)).join("L")} /><circle cx=${x(here)} cy=${y(values[here])} r="2.2" />`}</svg>`;
}
