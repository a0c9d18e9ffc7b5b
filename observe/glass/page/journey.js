// One journey: what was decided and why, its way through the layers, every decision, what was on the wire, and both messages.

import { html, nothing } from "./lib/lit-html.js";
import { address, get } from "./api.js";
import { ago, between, bytes, clientAddress, dateTime, duration, exactly, peerAddress, plural, readable, sentence } from "./format.js";
import { copy, downloads, empty, failure, icon, reason, standard, status, waiting } from "./parts.js";
import { decisions } from "./decisions.js";
import { message } from "./message.js";
import { position } from "./source.js";
import { way } from "./way.js";
import { frameTable, sequence } from "./sequence.js";
import { snapshots } from "./snapshots.js";
import { neighbours } from "./journeys.js";

export function view(context) {
  const id = context.at.id;
  let j, problem;
  let again; // asks once more, while the connection may still have something to tell
  let over = false;
  const widths = { lane: 0, wire: 0 };
  const unfolded = new Set();
  const near = neighbours(id);

  async function ask() {
    try {
      const answer = await get("journeys/" + encodeURIComponent(id));
      if (over) return;
      const first = !j;
      j = answer;
      problem = undefined;
      if (first) watch(0);
    } catch (e) {
      if (over) return;
      // What was shown stays: it was true.
      if (!j) problem = e;
      if (e.status === 0) again = setTimeout(ask, 2000);
    }
    context.draw();
  }

  // Acknowledgements, FINs and the end of TIME_WAIT come after the journey has ended. For a while it is looked at again.
  const looks = [700, 2000, 5000, 10000, 20000, 30000]; // ms; in all longer than a TIME_WAIT
  function watch(n) {
    const last = j.sequence?.frames?.findLast((f) => f.kind === "state");
    if (n >= looks.length || (j.connection.ended && (!j.sequence || /CLOSED$/.test(last?.text || "")))) return;
    again = setTimeout(async () => {
      await ask();
      if (!over && j) watch(n + 1);
    }, looks[n]);
  }

  const size = new ResizeObserver(() => measure());
  function measure() {
    const lane = context.root.querySelector("[data-used] .lane")?.clientWidth || 0;
    const wire = context.root.querySelector(".wire-space")?.clientWidth || 0;
    if (lane === widths.lane && wire === widths.wire) return;
    widths.lane = lane;
    widths.wire = wire;
    context.draw();
  }
  size.observe(context.root);

  function template() {
    if (problem) return problem.status === 404 ? gone() : html`<h1 class="unseen">Journey ${id}</h1>${failure(problem, ask)}`;
    if (!j) return waiting();
    return html`${header()}
      <div class="columns">
        <div class="jcolumn">
          <section class="pane" aria-labelledby="way-title">
            <header><h2 id="way-title">Its way through the layers</h2><p>${duration(j.took_us)} from the head to the last byte</p></header>
            <div class="pane-body way-body">${way(j, widths.lane)}</div>
          </section>
          <section class="pane" aria-labelledby="decisions-title">
            <header><h2 id="decisions-title">Decisions</h2>${j.events.length ? html`<p>${plural(j.events.length, "decision")}, in their order</p>` : nothing}</header>
            ${j.shared
              ? html`<p class="note-line">The answer was remembered, so nothing had to be decided anew. These are the decisions of
                  ${j.shared_gone ? html`<code>${j.shared}</code>, which made it and is not remembered itself any more` : html`<a href=${context.href("journeys", j.shared)}><code>${j.shared}</code></a>, which made it`};
                  the times are not told, since they were another request's.</p>`
              : nothing}
            ${j.events.length
              ? decisions(j.events, { verdict: j.verdict, times: !j.shared })
              : html`<p class="note-line">${sentence(j.no_events || "None were recorded")} <a href=${explainLink()}>Explain it now</a> to see them.</p>`}
          </section>
          ${wire()}
        </div>
        <div class="jcolumn">
          <section class="pane" aria-labelledby="request-title"><header><h2 id="request-title">Request</h2></header>${message(j.request, "request")}</section>
          <section class="pane" aria-labelledby="response-title"><header><h2 id="response-title">Response</h2></header>${message(j.response, "response")}</section>
          ${transport()}
          ${connection()}
        </div>
      </div>`;
  }

  function header() {
    const v = j.verdict;
    const r = v?.reason;
    return html`<header class="journey-head">
      <div class="journey-nav">
        <a class="button quiet small" href="#/journeys" @click=${back}>${icon("back")}Journeys</a>
        ${near.newer ? html`<a class="button quiet small" href=${context.href("journeys", near.newer)} title="The next newer one of the list (k)">newer</a>` : nothing}
        ${near.older ? html`<a class="button quiet small" href=${context.href("journeys", near.older)} title="The next older one of the list (j)">older</a>` : nothing}
        <code class="faint journey-id">${j.id}</code>${copy(j.id, "", "quiet round small")}
      </div>
      <h1><span class="h1-method">${j.method || "?"}</span> <span class="h1-host">${readable(j.host)}</span>${breakable(j.target || "")}</h1>
      <p class="jverdict" data-tone=${r?.kind || ""}>
        ${status(j.status, true)}${r ? html`<span class="jverdict-words">${sentence(r.sentence)}</span> <code class="reason-id" data-tone=${r.kind}>${r.id}</code> ${standard(r.standard)}` : nothing}
      </p>
      ${j.failure && j.failure.id !== r?.id ? html`<p class="jverdict" data-tone="failed">${reason(j.failure)}</p>` : nothing}
      ${v?.position ? html`<div class="responsible"><span class="faint">${v.position.line ? "This line is responsible" : "Responsible"}</span>${position(v.position, { open: true, around: 2 })}</div>` : nothing}
      <dl class="jfacts">
        ${fact("When", html`<time datetime=${j.start}>${dateTime(j.start)}</time>`, ago(j.start))}
        ${fact("Took", duration(j.took_us), j.slow ? html`<span class="chip" data-tone="slow">${icon("slow")}slow</span>` : "", exactly(j.took_us))}
        ${fact("Sent", bytes(j.response.bytes), `${bytes(j.body)} body`)}
        ${fact("Client", j.client === "unknown"
            ? html`hidden by the proxy`
            : html`<a href=${context.href("journeys", "", { client: clientAddress(j.client) })} title="All of this client"><code>${j.client}</code></a>`)}
        ${j.peer ? fact("Through", html`<a href=${context.href("journeys", "", { peer: clientAddress(j.peer) })} title="All over connections from there"><code>${j.peer}</code></a>`, "a trusted proxy") : nothing}
        ${j.user ? fact("User", html`<a href=${context.href("journeys", "", { user: j.user })} title="All of this user"><code>${readable(j.user)}</code></a>`) : nothing}
        ${j.site ? fact("Site", html`<a href=${context.href("journeys", "", { site: j.site })} title="All of this site">${j.site}</a>`, j.route ? html`route <code>${j.route}</code>` : "") : nothing}
        ${j.file ? fact("File", html`<code>${j.file}</code>`) : nothing}
      </dl>
      <div class="journey-actions">
        <a class="button small" href=${explainLink()} title="What would be answered now, and why (x)">${icon("explain")}Explain again now</a>
        <a class="button small" href=${context.href("explain", "", { journey: j.id })} title="This answer and the one that would be given now, side by side (c)">${icon("compare")}Compare with now</a>
        ${downloads([["HAR", address(`journeys/${j.id}/har`)], ["pcapng", address(`journeys/${j.id}/pcapng`)], ["JSON", address(`journeys/${j.id}/json`)]])}
        ${copy("vitrine explain --id " + j.id, html`<code>vitrine explain --id …</code>`)}
        ${r ? html`<a class="button quiet small" href=${context.href("journeys", "", { reason: r.id })}>All with this Reason</a>` : nothing}
      </div>
    </header>`;
  }

  const fact = (name, value, more = "", title = nothing) =>
    html`<div title=${title}><dt>${name}</dt><dd>${value}${more ? html` <span class="faint">${more}</span>` : nothing}</dd></div>`;

  function explainLink() {
    const q = new URLSearchParams();
    const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(j.target);
    q.set("url", absolute ? j.target : `${j.scheme || "http"}://${j.host}${j.target.startsWith("/") ? j.target : ""}`);
    if (j.method && j.method !== "GET") q.set("method", j.method);
    const from = peerAddress(j);
    if (from) q.set("from", from);
    for (const f of j.request.fields || []) {
      if (!f.hidden && !/^(host|connection|user-agent|content-length|transfer-encoding)$/i.test(f.name)) q.append("header", f.name + ": " + f.value);
    }
    return context.href("explain", "", q);
  }

  function wire() {
    const s = j.sequence;
    if (!s?.frames?.length) return html`<div class="wire-space"></div>`;
    return html`<section class="pane" aria-labelledby="wire-title">
      <header><h2 id="wire-title">On the wire</h2>
        <p>${plural(s.frames.filter((f) => f.kind !== "state").length, "frame")} on <code>${j.connection.network || "the adapter"}</code></p></header>
      <div class="pane-body wire-body">
        <div class="wire-space"></div>
        ${widths.wire > 0 ? sequence(s, widths.wire, unfolded, fold) : nothing}
        <p class="frames-legend"><span data-role="request">request</span><span data-role="response">response</span><span data-role="control">TCP's own</span><span data-role="again">sent again</span><span data-role="other">other requests</span></p>
        <p class="note-line">Time goes down and is not to scale; the times are the server's, and the numbers of bytes are counted from the connection's beginning. The slope of an
          arrow is drawn, not measured. The server's states are known; the client's are what its frames tell.
          ${s.left_out ? html`<b>${plural(s.left_out, "frame")} of the server in this time ${s.left_out === 1 ? "was" : "were"} not recorded, since there were too many.</b>` : nothing}
          ${s.more ? html`<b>${plural(s.more, "frame")} of the connection ${s.more === 1 ? "is" : "are"} not shown; the pcapng has what was recorded.</b>` : nothing}</p>
        <details class="as-table"><summary>The same as a table</summary>${frameTable(s)}</details>
      </div>
    </section>`;
  }

  function fold(name) {
    if (!unfolded.delete(name)) unfolded.add(name);
    context.draw();
  }

  function transport() {
    const list = j.connection.snapshots || [];
    const frames = j.sequence?.frames?.length > 0;
    if (!list.length && frames) return nothing;
    return html`<section class="pane" aria-labelledby="tcp-title">
      <header><h2 id="tcp-title">What TCP knew</h2><p>${j.connection.network ? "the own stack" : "the kernel"}${list.length ? ", at " + (list.length === 1 ? "one moment" : plural(list.length, "moment")) : ""}</p></header>
      ${list.length ? snapshots(list, j.took_us) : html`<p class="note-line">It was not asked in the time of this request.</p>`}
      ${frames ? nothing : html`<p class="note no-frames">${sentence(j.no_frames || "No frames were recorded")}</p>`}
    </section>`;
  }

  function connection() {
    const c = j.connection;
    const others = c.others || [];
    return html`<section class="pane" aria-labelledby="connection-title">
      <header><h2 id="connection-title">Connection ${c.id}</h2><p>this is its request ${j.serial}</p></header>
      <dl class="jpairs">
        <div><dt>From</dt><dd><code>${c.remote}</code></dd></div>
        <div><dt>To</dt><dd><code>${c.local}</code></dd></div>
        <div><dt>Opened</dt><dd>${dateTime(c.opened)} <span class="faint">${duration(between(c.opened, j.start))} before</span></dd></div>
        <div><dt>Ended</dt><dd>${c.ended ? html`${dateTime(c.ended)} <span class="faint">${duration(between(j.start, c.ended))} after</span>` : html`<span class="faint">not that we know</span>`}</dd></div>
        ${c.why ? html`<div><dt>Why</dt><dd>${reason(c.why)}</dd></div>` : nothing}
        <div><dt>After this</dt><dd>${j.keep ? "stayed open" : "was to end"}${j.ending ? html`. ${reason(j.ending)}` : nothing}</dd></div>
        <div><dt>Event loop</dt><dd>${c.loop}</dd></div>
      </dl>
      ${others.length
        ? html`<h3 class="pane-sub"><a href=${context.href("journeys", "", { connection: c.id })}>Other requests on it</a></h3>
          <ol class="others">${others.map(
            (o) => html`<li><a href=${context.href("journeys", o.id)} data-item><span class="others-n">${o.serial}</span>${status(o.status)}<span class="others-what">${o.method} ${readable(o.target)}</span><span class="faint">${duration(o.took_us)}</span></a></li>`,
          )}</ol>`
        : html`<p class="note">No other request of this connection is remembered.</p>`}
    </section>`;
  }

  function gone() {
    return html`<h1 class="unseen">Journey ${id}</h1>${empty("This journey is not here", html`${sentence(problem.message)} ${problem.hint ? sentence(problem.hint) : nothing} What failed or was slow is kept for longer than the rest; the
        <code>journeys</code> block of the configuration gives it more memory.`,
      html`<p><a class="button" href="#/journeys">${icon("back")}To the journeys</a></p>`)}`;
  }

  function back(e) {
    if (e.ctrlKey || e.metaKey || e.shiftKey) return;
    e.preventDefault();
    context.up();
  }

  ask();

  return {
    get title() {
      return j ? `${j.status || "–"} ${j.method} ${readable(j.target)}` : "Journey " + id;
    },
    template,
    drawn: measure,
    move(step, scrolls) {
      if (scrolls) return false;
      const to = step > 0 ? near.older : near.newer;
      if (to && Number.isFinite(step)) context.go("journeys", to);
    },
    close() {
      over = true;
      clearTimeout(again);
      size.disconnect();
    },
    keys: [
      { key: "x", does: "explain it again now", run: () => j && (location.hash = explainLink()) },
      { key: "c", does: "compare it with what would be answered now", run: () => j && context.go("explain", "", { journey: j.id }) },
      { key: "o", does: "open every fold of the decisions", run: () => context.root.querySelectorAll(".passed details").forEach((d) => (d.open = true)) },
    ],
  };
}

/** A long target with places where it may break: after its slashes and ampersands. */
function breakable(text) {
  return readable(text).split(/(?<=[/&?=])/).map((part) => html`${part}<wbr>`);
}
