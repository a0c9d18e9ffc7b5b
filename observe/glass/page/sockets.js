// Connections and listeners of the server, asked for every two seconds. Only the rows that are seen are in the document, so
// that thousands cost no more than thirty.

import { html, nothing } from "./lib/lit-html.js";
import { get, link } from "./api.js";
import { bytes, clock, compact, count, duration } from "./format.js";
import { empty, failure, icon, mark, reason, waiting } from "./parts.js";

const every = 2000; // ms
const more = 12; // rows drawn above and below those that are seen

// What a state means, in the words of RFC 9293 §3.3.2 made plain.
const states = {
  LISTEN: "Waits for connections.",
  "SYN-SENT": "Has asked for a connection and waits for the answer.",
  "SYN-RECEIVED": "Has answered a SYN and waits for the acknowledgement that completes the handshake.",
  ESTABLISHED: "Open: both sides may send.",
  "FIN-WAIT-1": "Has closed its direction and waits for the acknowledgement.",
  "FIN-WAIT-2": "Has closed its direction; the peer may still send and has not closed yet.",
  "CLOSE-WAIT": "The peer has closed its direction; the server has not closed its own yet.",
  CLOSING: "Both sides closed at the same time; the acknowledgement is missing.",
  "LAST-ACK": "Both sides have closed; the last acknowledgement is missing.",
  "TIME-WAIT": "Over. The addresses rest for a while, so that late segments cannot reach a new connection.",
  CLOSED: "Over.",
};
const order = Object.keys(states);
const place = (state) => (order.indexOf(state) + order.length + 1) % (order.length + 1);

// Columns: what is shown, sorted and filtered by. number: a filter such as ">10" is about the value in its unit.
const columns = [
  { key: "state", title: "State", of: (s) => place(s.state), text: (s) => s.state, first: 1 },
  { key: "remote", title: "Client", of: (s) => s.remote || "", text: (s) => s.remote || "on " + s.local, first: 1 },
  { key: "local", title: "Address", of: (s) => s.local, text: (s) => s.local, first: 1, less: true },
  { key: "doing", title: "Doing", of: (s) => s.doing || "", text: (s) => s.doing || "", first: 1 },
  { key: "serial", title: "Requests", of: (s) => s.serial || 0, text: (s) => (s.id ? count(s.serial || 0) : ""), number: 1, hint: "requests so far on this connection" },
  { key: "age", title: "Age", of: (s) => s.age_us, text: (s) => (s.age_us ? duration(s.age_us) : ""), number: 1e6, hint: "since it was opened; a filter is in seconds" },
  { key: "rtt", title: "Round trip", of: (s) => s.tcp?.rtt_us || 0, text: (s) => (s.tcp?.rtt_us ? duration(s.tcp.rtt_us) : ""), number: 1e3, hint: "smoothed; a filter is in milliseconds" },
  { key: "send", title: "Send-Q", of: (s) => s.send_queue, text: (s) => queue(s, s.send_queue), number: 1, hint: "bytes that are sent and not acknowledged, or not sent; of a listener, the length of its queue" },
  { key: "recv", title: "Recv-Q", of: (s) => s.recv_queue, text: (s) => queue(s, s.recv_queue), number: 1, less: true, hint: "bytes that the server has not read; of a listener, connections that nobody took yet" },
  { key: "again", title: "Again", of: (s) => s.tcp?.retransmits || 0, text: (s) => (s.tcp?.retransmits ? count(s.tcp.retransmits) : ""), number: 1, less: true, hint: "segments that were sent again" },
  { key: "timer", title: "Timer", of: (s) => s.timer || "", text: (s) => s.timer || "", first: 1, less: true },
  { key: "loop", title: "Loop", of: (s) => s.loop, text: (s) => s.loop, number: 1, first: 1, less: true },
  { key: "id", title: "No.", of: (s) => s.id || 0, text: (s) => s.id || "", number: 1 },
];
// A listener's queues hold connections, a connection's hold bytes.
function queue(s, n) {
  if (unasked(s)) return "";
  return n === 0 || s.state === "LISTEN" ? count(n) : bytes(n);
}

// What the kernel's listeners have in their queues is not asked for.
const unasked = (s) => !s.remote && s.send_queue === 0 && s.recv_queue === 0;

const byKey = new Map(columns.map((c) => [c.key, c]));

const natural = new Intl.Collator("en", { numeric: true });

const nameOf = (s) => (s.id ? "c" + s.id : s.state + " " + s.local + " " + (s.remote || ""));

/** A filter of one column: a part of its text, or <, >, = and a number. */
function test(column, text) {
  const compared = column.number && /^\s*(<=|>=|<|>|=)?\s*(-?[\d.]+)\s*$/.exec(text);
  if (compared) {
    const n = Number(compared[2]) * column.number;
    const of = column.of;
    return { "<": (s) => of(s) < n, ">": (s) => of(s) > n, "<=": (s) => of(s) <= n, ">=": (s) => of(s) >= n, "=": (s) => of(s) === n }[compared[1] || "="];
  }
  const want = text.trim().toLowerCase();
  return (s) => String(column.text(s)).toLowerCase().includes(want);
}

export function view(context) {
  let all = null, problem = null, asOf = 0, paused = false, timer, asking, closed = false;
  let shownRows = [], counts = [];
  let chosen = "", unfolded = "", unfoldedHeight = 0, rowHeight = 36;
  let text, state, sort, down, filters, filtering;
  readQuery();

  function readQuery() {
    const q = context.at.query;
    text = q.get("text") || "";
    state = q.getAll("state");
    [sort, down] = [(q.get("sort") || "").replace(/^-/, ""), (q.get("sort") || "").startsWith("-")];
    if (!byKey.has(sort)) sort = "";
    filters = new Map(columns.map((c) => [c.key, q.get(c.key === "state" ? "state-text" : c.key) || ""]).filter(([, v]) => v));
    filtering ??= filters.size > 0;
    if (q.get("socket")) unfolded = chosen = q.get("socket");
  }

  function keep() {
    const q = new URLSearchParams();
    if (text) q.set("text", text);
    for (const s of state) q.append("state", s);
    for (const [k, v] of filters) q.set(k === "state" ? "state-text" : k, v);
    if (sort) q.set("sort", (down ? "-" : "") + sort);
    if (unfolded) q.set("socket", unfolded);
    context.keep(q);
  }

  // --- Asking ---

  async function ask() {
    clearTimeout(timer);
    asking?.abort();
    asking = new AbortController();
    try {
      all = await get("sockets", {}, { signal: asking.signal });
      asOf = Date.now();
      problem = null;
      arrange();
    } catch (p) {
      if (p.name === "AbortError") return;
      problem = p;
    }
    context.draw();
    if (!closed && !paused) timer = setTimeout(again, every);
  }

  // A page that nobody sees asks nothing.
  const again = () => (document.hidden ? (timer = setTimeout(again, every)) : ask());

  const pause = () => {
    paused = !paused;
    clearTimeout(timer);
    if (!paused) ask();
    context.say(paused ? "Paused" : "Live again");
    context.draw();
  };

  // --- What is shown, in which order ---

  function arrange() {
    if (!all) return;
    const want = text.trim().toLowerCase();
    const tests = [...filters].map(([k, v]) => test(byKey.get(k), v));
    if (want) tests.push((s) => [s.state, s.remote, s.local, s.doing, s.journey, s.timer, s.waits_for?.id, s.reason?.id, s.id].some((v) => v !== undefined && String(v).toLowerCase().includes(want)));
    const matching = tests.length ? all.filter((s) => tests.every((t) => t(s))) : all;

    const by = new Map();
    for (const s of matching) by.set(s.state, (by.get(s.state) || 0) + 1);
    for (const s of state) if (!by.has(s)) by.set(s, 0);
    counts = [...by].sort((a, b) => place(a[0]) - place(b[0]));

    shownRows = state.length ? matching.filter((s) => state.includes(s.state)) : [...matching];
    const column = byKey.get(sort), sign = down ? -1 : 1;
    const compare = column
      ? (a, b) => {
          const x = column.of(a), y = column.of(b);
          return (typeof x === "string" ? natural.compare(x, y) : x - y) * sign;
        }
      : (a, b) => (b.state === "LISTEN") - (a.state === "LISTEN");
    shownRows.sort((a, b) => compare(a, b) || (b.id || 0) - (a.id || 0) || natural.compare(nameOf(a), nameOf(b)));
  }

  const change = (f) => {
    f();
    arrange();
    keep();
    context.draw();
  };

  const sortBy = (c) => change(() => {
    if (sort !== c.key) [sort, down] = [c.key, !c.first];
    else if (down !== !c.first) [sort, down] = ["", false];
    else down = !down;
  });

  // --- Which rows are in the document ---

  // Where the table begins is measured, since what is above it may wrap.
  const table = () => context.root.querySelector(".rows");

  function seen() {
    const t = table();
    const top = t ? t.getBoundingClientRect().top : 300;
    const at = unfolded ? shownRows.findIndex((s) => nameOf(s) === unfolded) : -1;
    let from = Math.floor(-top / rowHeight), to = Math.ceil((innerHeight - top) / rowHeight);
    if (at >= 0 && from > at) from = Math.max(at, Math.floor((-top - unfoldedHeight) / rowHeight));
    from = Math.max(0, from - more);
    to = Math.min(shownRows.length, to + more);
    return { from, to: Math.max(from, to), at };
  }

  let window_ = "";
  const scrolled = () => {
    const { from, to } = seen();
    if (from + " " + to !== window_) context.draw();
  };
  addEventListener("scroll", scrolled, { passive: true });
  addEventListener("resize", scrolled);

  function drawn() {
    const row = context.root.querySelector(".row");
    if (row) rowHeight = row.getBoundingClientRect().height || rowHeight;
    const one = context.root.querySelector(".unfolded");
    const height = one ? one.getBoundingClientRect().height : 0;
    if (Math.abs(height - unfoldedHeight) > 0.5) {
      unfoldedHeight = height;
      context.draw();
    }
    const { from, to } = seen();
    if (from + " " + to !== window_) context.draw();
  }

  const rows = () => {
    const { from, to, at } = seen();
    window_ = from + " " + to;
    const y = from * rowHeight + (at >= 0 && at < from ? unfoldedHeight : 0);
    const height = shownRows.length * rowHeight + (at >= 0 ? unfoldedHeight : 0);
    return html`<div class="rows" role="rowgroup" .style=${`block-size:${height}px`}>
        <div class="rows-seen" .style=${`translate:0 ${y}px`}>${shownRows.slice(from, to).map((s, i) => row(s, from + i))}</div>
      </div>`;
  };

  const row = (s, i) => {
    const name = nameOf(s), open = unfolded === name;
    return html`<div class="row" role="row" aria-rowindex=${i + 2} ?data-chosen=${chosen === name} data-state=${s.state} @click=${() => unfold(name)}>
        ${columns.map((c) => html`<span role="cell" class=${"c-" + c.key + (c.number ? " number" : "") + (c.less ? " less" : "")} title=${c.key === "state" ? states[s.state] || nothing : nothing}>${
          c.key === "state" ? html`<button class="fold" aria-expanded=${open} aria-label=${(open ? "Fold " : "Unfold ") + s.state + " " + (s.remote || s.local)} tabindex="-1">${icon("next")}</button>${stateMark(s.state)}${c.text(s)}` : c.text(s)}</span>`)}
      </div>${open ? html`<div class="unfolded" role="row"><div role="cell">${everything(s)}</div></div>` : nothing}`;
  };

  const unfold = (name) => {
    if (getSelection()?.toString()) return; // somebody copies an address
    change(() => {
      chosen = name;
      unfolded = unfolded === name ? "" : name;
      if (!unfolded) unfoldedHeight = 0;
    });
  };

  function move(step) {
    if (!shownRows.length) return;
    const now = shownRows.findIndex((s) => nameOf(s) === chosen);
    const next = Math.max(0, Math.min(shownRows.length - 1, now < 0 && Number.isFinite(step) ? 0 : now + step));
    chosen = nameOf(shownRows[next]);
    const t = table().getBoundingClientRect(), at = shownRows.findIndex((s) => nameOf(s) === unfolded);
    const y = t.top + next * rowHeight + (at >= 0 && at < next ? unfoldedHeight : 0);
    const bar = 100, foot = 70;
    if (y < bar) scrollBy(0, y - bar);
    else if (y + rowHeight > innerHeight - foot) scrollBy(0, y + rowHeight - innerHeight + foot);
    context.say(shownRows[next].state + " " + (shownRows[next].remote || shownRows[next].local));
    context.draw();
  }

  // --- One socket, with everything that is known ---

  const pair = (name, value, title) => (value === nothing || value === "" || value === undefined ? nothing : html`<div title=${title || nothing}><dt>${name}</dt><dd>${value}</dd></div>`);

  const everything = (s) => {
    const t = s.tcp, limit = t ? Math.min(t.cwnd || Infinity, t.send_window || Infinity) : 0;
    return html`<div class="socket">
        <div class="socket-say">
          <p><b>${s.state}</b>. ${states[s.state] || ""}</p>
          ${s.waits_for ? html`<p><span class="faint">It waits:</span> ${reason(s.waits_for)}</p>` : nothing}
          ${s.reason ? html`<p><span class="faint">Last unusual event:</span> ${reason(s.reason)}</p>` : nothing}
          ${s.timer ? html`<p><span class="faint">Timer:</span> ${s.timer}</p>` : nothing}
          <p class="told-links">
            ${s.journey ? html`<a class="button small" href=${context.href("journeys", s.journey)}>${icon("journeys")}${s.doing === "awaiting a request" ? "Its last journey" : "The journey it is on"}</a>` : nothing}
            ${s.id ? html`<a class="button small" href=${context.href("journeys", "", { connection: s.id })}>${icon("journeys")}All journeys on it</a>` : nothing}
          </p>
        </div>
        <div class="facts"><h2>Connection</h2><dl>
          ${pair("client", s.remote ? html`<code>${s.remote}</code>` : "")}${pair("address", html`<code>${s.local}</code>`)}${pair("number", s.id ? count(s.id) : "")}${pair("loop", unasked(s) ? "" : s.loop)}
          ${pair("requests", s.id ? count(s.serial || 0) : "")}${pair("doing", s.doing)}${pair("open for", s.age_us ? duration(s.age_us) : "")}
          ${unasked(s) ? nothing : html`${pair(s.remote ? "not read" : "not taken yet", s.remote ? bytes(s.recv_queue) : count(s.recv_queue))}${pair(s.remote ? "not acknowledged" : "room in the queue", s.remote ? bytes(s.send_queue) : count(s.send_queue))}`}
        </dl></div>
        ${t
          ? html`<div class="facts"><h2>Time</h2><dl>
              ${pair("round trip", duration(t.rtt_us), "smoothed")}${pair("its variation", duration(t.rttvar_us))}${pair("the shortest", t.min_rtt_us ? duration(t.min_rtt_us) : "")}${pair("time-out", duration(t.rto_us), "after which what was not acknowledged is sent again")}
              ${pair("algorithm", t.congestion)}${pair("phase", t.phase)}
            </dl></div>
            <div class="facts"><h2>Room</h2>
              ${Number.isFinite(limit) && limit > 0
                ? html`<div class="room-bar"><span class="bar" role="img" aria-label=${`${bytes(t.in_flight)} of ${bytes(limit)} are in flight`}><span class="bar-fill" .style=${`inline-size:${Math.min(100, (t.in_flight / limit) * 100)}%`}></span></span>
                  <p>${bytes(t.in_flight)} in flight, of ${bytes(limit)} that may be${limit === t.cwnd ? ", by the congestion window" : ", by the client's window"}</p></div>`
                : nothing}
              <dl>${limit > 0 && Number.isFinite(limit) ? nothing : pair("in flight", bytes(t.in_flight))}
              ${pair("not sent yet", bytes(t.not_sent))}${pair("congestion window", bytes(t.cwnd))}${pair("slow start until", t.ssthresh ? bytes(t.ssthresh) : "the first loss")}
              ${pair("client's window", t.send_window ? bytes(t.send_window) : "")}${pair("our window", t.recv_window ? bytes(t.recv_window) : "")}${pair("segment size", bytes(t.mss))}
            </dl></div>
            <div class="facts"><h2>So far</h2><dl>
              ${pair("acknowledged", bytes(t.bytes_acked))}${pair("received", bytes(t.bytes_received))}${pair("segments out", count(t.segments_out))}${pair("segments in", count(t.segments_in))}
              ${pair("sent again", t.retransmits ? html`${mark("refused")} ${count(t.retransmits)}` : "0")}
            </dl></div>`
          : html`<p class="faint facts">${s.state === "LISTEN" ? "A listener has no TCP connection of its own." : "The transport was not asked about it, or knows nothing any more."}</p>`}
      </div>`;
  };

  // --- The head ---

  const stateMark = (name) => html`<svg class="state-mark" data-state=${name} viewBox="0 0 10 10" width="10" height="10" aria-hidden="true"><path d=${drawing(name)} /></svg>`;

  const chips = () => html`<div class="state-chips" role="group" aria-label="States">
      ${counts.map(([name, n]) => html`<button class="small state-chip" aria-pressed=${state.includes(name)} title=${states[name] || nothing}
        @click=${() => change(() => (state = state.includes(name) ? state.filter((s) => s !== name) : [...state, name]))}>${stateMark(name)}<span>${name}</span> <b>${count(n)}</b></button>`)}
    </div>`;

  const head = () => html`<div class="view-head">
      <h1>Sockets</h1>
      <p class="live" data-state=${paused ? "paused" : problem ? "broken" : all ? "open" : "opening"}>${
        paused ? `paused, as of ${clock(asOf).slice(0, 8)}` : problem ? (link.state === "gone" ? "the server does not answer" : "not known") : "every two seconds"}</p>
      <button class="small" aria-pressed=${paused} @click=${pause} title="Pause (p)">${icon(paused ? "play" : "pause")}${paused ? "Go on" : "Pause"}</button>
    </div>`;

  const toggleFilters = () => change(() => {
    filtering = !filtering;
    if (!filtering) filters.clear();
  });

  const tools = () => html`<div class="tools">
      <label class="search">${icon("search")}<input type="search" data-filter placeholder="Address, state, journey, Reason …" aria-label="Filter" .value=${text}
        @input=${(e) => change(() => (text = e.target.value))}></label>
      <label class="sort-choice">Sorted by <select @change=${(e) => change(() => { const c = byKey.get(e.target.value); sort = c?.key || ""; down = c ? !c.first : false; })}>
        <option value="" ?selected=${sort === ""}>the youngest</option>${columns.map((c) => html`<option value=${c.key} ?selected=${sort === c.key}>${c.title}</option>`)}</select></label>
      <button class="column-filters" aria-pressed=${filtering} @click=${toggleFilters} title="Filter each column (f)">Columns</button>
      <span class="faint tool-count">${shownRows.length === all.length ? count(all.length) : `${count(shownRows.length)} of ${compact(all.length)}`}</span>
    </div>`;

  const heads = () => html`<div class="row-head" role="row">
      ${columns.map((c) => html`<span role="columnheader" class=${"c-" + c.key + (c.number ? " number" : "") + (c.less ? " less" : "")} aria-sort=${sort === c.key ? (down ? "descending" : "ascending") : "none"}>
        <button @click=${() => sortBy(c)} title=${c.hint || nothing}>${c.title}<span class="sort-mark">${sort === c.key ? (down ? "↓" : "↑") : ""}</span></button>
        ${filtering ? html`<input aria-label=${"Filter " + c.title} placeholder=${c.number ? "> 10" : "has …"} .value=${filters.get(c.key) || ""}
          @input=${(e) => change(() => (e.target.value ? filters.set(c.key, e.target.value) : filters.delete(c.key)))}>` : nothing}
      </span>`)}
    </div>`;

  ask();

  return {
    title: "Sockets",
    template() {
      if (!all) return html`${head()}${problem ? failure(problem, ask) : waiting()}`;
      return html`${head()}${chips()}${tools()}
        ${problem ? html`<p class="stale">${mark("refused")} ${problem.message} What is shown is as of ${clock(asOf).slice(0, 8)}.</p>` : nothing}
        <div class="pane sockets-table" role="table" aria-rowcount=${shownRows.length + 1} aria-label="Connections and listeners" ?data-filtering=${filtering}>
          ${heads()}
          ${shownRows.length ? rows() : empty(all.length ? "No socket is like that." : "There is no socket.", all.length ? "Nothing matches the filter." : "The server listens on nothing that can be seen from here.",
            all.length ? html`<button @click=${() => change(() => { text = ""; state = []; filters.clear(); })}>Clear the filter</button>` : nothing)}
        </div>`;
    },
    drawn,
    update() {
      readQuery();
      arrange();
      context.draw();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      asking?.abort();
      removeEventListener("scroll", scrolled);
      removeEventListener("resize", scrolled);
    },
    move,
    open: () => chosen && unfold(chosen),
    back() {
      if (!unfolded) return false;
      change(() => { unfolded = ""; unfoldedHeight = 0; });
      return true;
    },
    keys: [
      { key: "p", does: "pause or go on", run: pause },
      { key: "f", does: "filter each column", run: toggleFilters },
    ],
  };
}

// Marks of states by form: a bar for a listener, a full circle for open, halves for closing, a ring for what rests.
function drawing(state) {
  switch (state) {
    case "LISTEN": return "M1 4h8v2H1z";
    case "ESTABLISHED": return "M5 1.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7z";
    case "SYN-SENT": case "SYN-RECEIVED": return "M5 8.5a3.5 3.5 0 0 1 0-7z";
    case "TIME-WAIT": case "CLOSED": return "M5 1a4 4 0 1 1 0 8a4 4 0 1 1 0-8zM5 2.6a2.4 2.4 0 1 0 0 4.8a2.4 2.4 0 1 0 0-4.8z";
    default: return "M5 1.5a3.5 3.5 0 0 1 0 7z";
  }
}
