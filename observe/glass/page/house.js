// The house: the server's layers as a building cut open, with what comes in, goes out and is refused on each floor, and what
// the last five minutes looked like. /api/house/stream tells it each second.

import { html, nothing, svg } from "./lib/lit-html.js";
import { get, stream } from "./api.js";
import { ago, bytes, compact, count, duration } from "./format.js";
import { empty, failure, icon, mark, reason, waiting } from "./parts.js";
import { chart } from "./charts.js";
import { History, span } from "./rates.js";
import { floorOf } from "./layers.js";

const history = new History(); // outlives the view

const classes = [
  { at: 2, name: "2xx", token: "--good", means: "success", mark: "success" },
  { at: 3, name: "3xx", token: "--note", dash: [7, 3], means: "redirected, or not modified", mark: "redirect" },
  { at: 4, name: "4xx", token: "--warn", dash: [2, 2], means: "refused", mark: "refused" },
  { at: 5, name: "5xx", token: "--bad", width: 2.4, means: "failed here", mark: "failed" },
  { at: 0, name: "none", token: "--ink-3", dash: [1, 4], means: "no response was sent", mark: "none" },
];

/** What has no site of its own is counted under these names. */
const unnamed = { none: "no site was chosen", other: "sites of former configurations" };

/** A rate as people read it; 0 is a word, since it is the number that needs no reading. */
const rate = (n) => (n === undefined || n === null ? "–" : n === 0 ? "0" : n < 0.95 ? n.toFixed(1) : compact(n));
const bytesRate = (n) => (n === undefined || n === null ? "–" : bytes(Math.round(n)) + "/s");
const share = (n) => (n === null || n === undefined || Number.isNaN(n) ? "–" : n > 0 && n < 0.001 ? "<0.1 %" : (n * 100).toFixed(n < 0.0995 || (n > 0.995 && n < 1) ? 1 : 0) + "\u202f%");
/** Without the zeros that say how exact a number is: the numbers beside a grid are exact. */
const short = (text) => text.replace(/\.0+(?!\d)/, "");
const estimate = (q) => (q ? (q.over ? "> " : "") + duration(q.us) : "–");

const drawings = [
  {
    key: "requests", title: "Requests a second", unit: "by class of status",
    series: classes.map((c) => ({ name: c.name, title: c.means, token: c.token, dash: c.dash, width: c.width, fill: c.at === 2,
      of: (p) => p.statuses[c.at], text: rate, quiet: c.at !== 2 ? (column) => !column.some((v) => v > 0) : undefined })),
    format: (v) => count(v), least: 10,
  },
  {
    key: "durations", title: "Durations", unit: "estimated from a histogram, over 10 s",
    series: [
      { name: "99 %", title: "99 of 100 requests took at most", token: "--series-5", dash: [2, 2], of: (p) => p.ninetyNine?.us ?? null, text: (v, p) => estimate(p.ninetyNine) },
      { name: "90 %", title: "9 of 10 requests took at most", token: "--series-2", dash: [7, 3], of: (p) => p.ninety?.us ?? null, text: (v, p) => estimate(p.ninety) },
      { name: "half", title: "half of the requests took at most", token: "--series-1", width: 2, of: (p) => p.median?.us ?? null, text: (v, p) => estimate(p.median) },
    ],
    format: (v) => short(duration(v)), log: true, floor: 100, least: 10000, size: 58,
  },
  {
    key: "bytes", title: "Bytes a second", unit: "of HTTP, in both directions",
    series: [
      { name: "out", title: "sent to clients", token: "--series-1", width: 2, fill: true, of: (p) => p.bytesOut, text: bytesRate },
      { name: "in", title: "received from clients", token: "--series-2", dash: [7, 3], of: (p) => p.bytesIn, text: bytesRate },
    ],
    format: (v) => short(bytes(v)), least: 1024, binary: true, size: 58,
  },
  {
    key: "connections", title: "Connections", unit: "open at the moment",
    series: [{ name: "open", title: "open connections", token: "--series-3", width: 2, fill: true, of: (p) => p.connections, text: (v) => count(v) }],
    format: (v) => (Number.isInteger(v) ? compact(v) : ""), least: 10,
  },
];

export function view(context) {
  let state = "opening", paused = false, opened = "", under = null; // under: the point that the cursor of the charts is at
  let charts = new Map();
  const files = { list: null, problem: null, asking: false, open: false, text: "", most: 200 };

  let end = begin();

  function begin() {
    return stream(
      () => ["house/stream", { every: "1s" }],
      { house: (house) => {
        if (!history.add(house)) return;
        context.draw();
      } },
      (s) => {
        state = s;
        context.draw();
      },
    );
  }

  const pause = () => {
    paused = !paused;
    if (paused) end();
    else end = begin();
    context.say(paused ? "Paused" : "Live again");
    context.draw();
  };

  // --- Charts ---

  let setFor = null;
  function drawn() {
    for (const d of drawings) {
      const place = context.root.querySelector(`[data-chart="${d.key}"]`);
      if (!place) continue;
      if (!charts.has(d.key)) {
        charts.set(d.key, chart(place, { ...d, label: `${d.title}, the last five minutes`, onPoint: (at, inside) => point(inside ? at : null) }));
        setFor = null;
      }
    }
    const last = history.points.at(-1) || history.house;
    if (setFor === last) return;
    setFor = last;
    for (const d of drawings) {
      const columns = history.columns(...d.series.map((s) => s.of));
      // A line of nothing but zeros is left out: its value stands in the legend.
      d.series.forEach((s, i) => s.quiet?.(columns[i + 1]) && columns[i + 1].fill(null));
      charts.get(d.key)?.set(columns);
    }
  }

  function point(at) {
    const p = at === null ? null : history.points[at];
    if (p === under) return;
    under = p && !p.gap ? p : null;
    context.draw();
  }

  const drawing = (d) => {
    const p = under || history.now;
    return html`<figure class="pane chart">
        <figcaption><h2>${d.title}</h2><p>${d.unit}</p>
          ${under ? html`<span class="chip">${secondsAgo(under.at)}</span>` : nothing}</figcaption>
        <dl class="legend">${d.series.map((s) => html`<div title=${s.title}>
            <dt>${swatch(s)}${s.name}</dt><dd>${p ? s.text(s.of(p), p) : "–"}</dd></div>`)}</dl>
        <div class="plot" data-chart=${d.key}></div>
      </figure>`;
  };

  const secondsAgo = (at) => {
    const s = Math.round(new Date(history.house.at).getTime() / 1000 - at);
    return s <= 0 ? "now" : s < 60 ? `${s} s ago` : `${Math.floor(s / 60)} min ${s % 60} s ago`;
  };

  // --- The building ---

  const building = (house, now) => {
    const floors = [...house.layers].reverse(); // the wire is at the bottom
    return html`<section class="pane house-pane" aria-labelledby="house-title">
        <header><h2 id="house-title">The layers</h2><p>from the wire, at the bottom, to the log</p>
          <span class="directions"><span class="dir-in">${icon("up")}in</span><span class="dir-out">${icon("up")}out</span></span></header>
        <div class="building">
          ${svg`<svg class="roof" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><path d="M0 10 50 .8 100 10" /></svg>`}
          <ol class="floors">${floors.map((l, i) => floor(l, now?.layers.get(l.name), floors[i - 1]))}</ol>
          ${wire(house, now)}
        </div>
      </section>`;
  };

  const floor = (l, r, above) => {
    const { text, group } = floorOf(l.name);
    if (l.off) {
      // Several floors that are not there for one reason tell it once.
      return html`<li class="floor off" data-floor=${l.name}>
          <span class="shaft" aria-hidden="true"></span>
          <div class="room"><h3>${l.title}</h3>${l.off === above?.off ? nothing : html`<p>${l.off}</p>`}</div>
          <span class="shaft" aria-hidden="true"></span>
        </li>`;
    }
    const drops = [...(l.drops || [])].sort((a, b) => (r?.drops.get(b.id) || 0) - (r?.drops.get(a.id) || 0) || b.reached - a.reached);
    const key = l.name + "*", all = opened === key, most = 3;
    return html`<li class="floor" data-floor=${l.name}>
        ${shaft("in", r?.in, l.in, l.unit)}
        <div class="room">
          <div class="room-words"><h3><a href=${context.href("reasons", "", { group })} title="Its Reasons in the catalogue">${l.title}</a></h3><p>${text}</p>
            <p class="room-unit" aria-hidden="true">${l.unit} a second</p></div>
          ${drops.length
            ? html`<ul class="drops" aria-label=${"Refused or failed at " + l.title}>
                ${(all ? drops : drops.slice(0, most)).map((d) => drop(l, d, r?.drops.get(d.id)))}
                ${drops.length > most
                  ? html`<li><button class="drop more" aria-expanded=${all} @click=${() => open(all ? "" : key)}>${all ? "fewer" : `${drops.length - most} more`}</button></li>`
                  : nothing}
              </ul>`
            : nothing}
          ${drops.some((d) => opened === l.name + " " + d.id) ? told(l, drops.find((d) => opened === l.name + " " + d.id), r) : nothing}
        </div>
        ${shaft("out", r?.out, l.out, l.unit)}
      </li>`;
  };

  const open = (what) => {
    opened = what;
    context.draw();
  };

  // A drop: its mark, its id and how often. It lights up in the second in which it happens.
  const drop = (l, d, perSecond) => {
    const key = l.name + " " + d.id, shown = opened === key;
    return html`<li><button class="drop" data-tone=${d.kind} ?data-now=${perSecond > 0} aria-expanded=${shown} title=${d.sentence}
        @click=${() => open(shown ? "" : key)}>${mark(d.kind)}<code>${d.id}</code>
        <span class="drop-rate">${perSecond > 0 ? rate(perSecond) + "/s" : nothing}</span><span class="drop-total">${compact(d.reached)}</span></button></li>`;
  };

  const told = (l, d, r) => html`<div class="told">
      <p>${reason(d)}</p>
      <p class="faint">${count(d.reached)} times since the server started${r ? html`, ${rate(r.drops.get(d.id) || 0)} a second now` : nothing}</p>
      <p class="told-links"><a class="button small" href=${context.href("journeys", "", { reason: d.id })}>${icon("journeys")}Journeys with it</a>
        <a class="button small" href=${context.href("reasons", "", { id: d.id })}>${icon("reasons")}In the catalogue</a></p>
    </div>`;

  // The wire below the ground: what the server said and heard in bytes.
  const wire = (house, now) => html`<div class="wire">
      <span class="wire-in">${icon("up")}${bytesRate(now?.bytesIn)}</span>
      <span class="wire-name">${context.status()?.network ? "the wire" : html`<span>the kernel's sockets, and below them </span>the wire`}</span>
      <span class="wire-out">${bytesRate(now?.bytesOut)}${icon("up")}</span>
    </div>`;

  // --- Figures ---

  const figure = (title, value, more, href) => html`<div class="figure"><dt>${href ? html`<a href=${href}>${title}</a>` : title}</dt><dd>${value}</dd><dd class="faint">${more}</dd></div>`;

  const figures = (house, now) => {
    const s = context.status();
    const failed = house.statuses[5];
    return html`<dl class="pane figures">
        ${figure("Requests", html`${rate(now?.requests)}<small>/s</small>`, `${compact(house.requests)} since the start`, "#/journeys")}
        ${figure("Half take at most", estimate(now?.median), html`99 %: ${estimate(now?.ninetyNine)}`)}
        ${figure("Failed", html`${rate(now?.statuses[5])}<small>/s</small>`, `${compact(failed)} since the start`, "#/journeys?failed=1")}
        ${figure("Connections", count(house.connections), `${house.loops.length} ${house.loops.length === 1 ? "loop" : "loops"}`, "#/sockets")}
        ${figure("Memory", bytes(house.memory), "held by the process")}
        ${figure("Goroutines", count(house.goroutines), s ? "up " + duration((new Date(house.at) - new Date(s.started)) * 1000) : "\u00a0")}
      </dl>`;
  };

  // --- The panes below ---

  const loops = (house, now) => html`<section class="pane">
      <header><h2>I/O loops</h2><p>${context.status()?.io || ""}</p></header>
      ${house.loops.length === 0
        ? html`<p class="pane-body faint">This architecture has no loops of its own: each connection has its goroutine.</p>`
        : html`<ol class="loops">${house.loops.map((l) => {
            const r = now?.loops.get(l.index);
            const busy = r ? r.busy : null;
            return html`<li>
                <span class="loop-name">Loop ${l.index}</span>
                <span class="bar" role="img" aria-label=${busy === null ? "not measured" : `busy ${share(busy)} of the time`}>
                  ${busy === null ? html`<span class="bar-none"></span>` : html`<span class="bar-fill" ?data-high=${busy > 0.85} .style=${`inline-size:${Math.max(busy * 100, 0.4)}%`}></span>`}</span>
                <span class="loop-busy">${busy === null ? (l.measured_us > 0 ? "–" : html`<span class="faint">not measured</span>`) : html`<b>${share(busy)}</b> busy`}</span>
                <span class="loop-more faint">${count(l.connections)} connections · ${rate(r?.turns)} turns/s</span>
              </li>`;
          })}</ol>`}
    </section>`;

  const states = (house) => {
    const total = Math.max(1, ...house.states.map((s) => s.count));
    return html`<section class="pane">
        <header><h2>Sockets by state</h2><p>${count(house.states.reduce((n, s) => n + s.count, 0))} together</p></header>
        ${house.states.length === 0
          ? html`<p class="pane-body faint">There is none.</p>`
          : html`<ul class="bars">${house.states.map((s) => html`<li><a href=${context.href("sockets", "", { state: s.state })}>
              <span class="bars-name">${s.state}</span>
              <span class="bar" aria-hidden="true"><span class="bar-fill" .style=${`inline-size:${(Math.log1p(s.count) / Math.log1p(total)) * 100}%`}></span></span>
              <span class="bars-count">${count(s.count)}</span></a></li>`)}</ul>
            <p class="pane-foot faint">The bars are logarithmic.</p>`}
      </section>`;
  };

  const work = (house) => {
    const w = house.work;
    const kept = { lookups_known: true, rate_keys: true }; // they are no work
    if (!w || Object.entries(w).every(([name, n]) => !n || kept[name])) return nothing;
    const one = (name, n, more) => html`<div><dt>${name}</dt><dd><b>${count(n)}</b>${more}</dd></div>`;
    const waiting = (n) => (n ? `, ${count(n)} waiting` : nothing);
    return html`<section class="pane work">
        <header><h2>At work</h2><p>at the moment</p></header>
        <div class="pane-body"><dl class="pairs">
          ${one("scripts run", w.scripts, waiting(w.scripts_waiting))}
          ${one("applications asked", w.applications, waiting(w.applications_waiting))}
          ${one("connections to them", w.links, w.links ? `, ${count(w.links_idle)} idle` : nothing)}
          ${one("responses encoded", w.encoders, nothing)}
          ${w.lookups || w.lookups_waiting ? one("clients looked up", w.lookups, waiting(w.lookups_waiting)) : nothing}
          ${one("requests that wait", w.suspended, nothing)}
        </dl></div>
      </section>`;
  };

  const memory = (house, now) => {
    const f = house.files, asked = f.hits + f.misses, ratio = f.limit > 0 ? f.bytes / f.limit : 0;
    const lately = now && now.hits + now.misses > 0 ? now.hits / (now.hits + now.misses) : null;
    return html`<section class="pane files">
        <header><h2>Files in memory</h2><p>${count(f.count)} ${f.count === 1 ? "file" : "files"}, ${count(f.descriptors)} of them open</p></header>
        <div class="pane-body">
          <div class="meter"><span class="bar" role="img" aria-label=${`${share(ratio)} of the limit`}><span class="bar-fill" .style=${`inline-size:${Math.min(100, ratio * 100)}%`}></span></span>
            <span><b>${bytes(f.bytes)}</b>${f.limit > 0 ? html` of ${bytes(f.limit)}` : nothing}</span></div>
          <dl class="pairs">
            <div><dt>whole answers</dt><dd><b>${count(f.remembered)}</b>${now ? html`, ${rate(now.remembered)} a second` : nothing}</dd></div>
            <div><dt>looks for a file</dt><dd><b>${count(asked)}</b>${now ? html`, ${rate(now.hits + now.misses)} a second` : nothing}</dd></div>
            <div><dt>found in memory</dt><dd><b>${asked ? share(f.hits / asked) : "–"}</b>${lately === null ? nothing : html`, lately ${share(lately)}`}</dd></div>
          </dl>
          <button class="small" aria-expanded=${files.open} @click=${showFiles}>${icon(files.open ? "close" : "reasons")}${files.open ? "Close the list" : "Show the list"}</button>
        </div>
        <p class="pane-foot faint">An answer that a site remembers whole looks for no file, and does not count among those that look for one.</p>
        ${files.open ? fileList() : nothing}
      </section>`;
  };

  async function showFiles() {
    files.open = !files.open;
    context.draw();
    if (!files.open) return;
    files.problem = null;
    try {
      files.list = (await get("files")).sort((a, b) => b.bytes - a.bytes);
    } catch (problem) {
      files.problem = problem;
    }
    context.draw();
  }

  const fileList = () => {
    if (files.problem) return failure(files.problem, () => { files.open = false; showFiles(); });
    if (!files.list) return waiting();
    if (files.list.length === 0) return html`<p class="pane-body faint">No file is in memory. One comes there when it is asked for.</p>`;
    const match = files.list.filter((f) => f.path.toLowerCase().includes(files.text.toLowerCase()));
    return html`<div class="file-list">
        <div class="file-search"><input type="search" placeholder="Filter by path" aria-label="Filter by path" .value=${files.text} @input=${(e) => { files.text = e.target.value; context.draw(); }}>
          <span class="faint">${count(match.length)}${match.length < files.list.length ? ` of ${count(files.list.length)}` : ""}, the largest first</span></div>
        <div class="file-rows" tabindex="0" role="group" aria-label="Files in memory"><table class="data">
          <thead><tr><th>Path</th><th class="number">Size</th><th>Held</th><th class="number" title="since it was looked at on the disk">Looked at</th></tr></thead>
          <tbody>${match.slice(0, files.most).map((f) => html`<tr><td class="mono path">${f.path}</td><td class="number">${bytes(f.bytes)}</td>
            <td>${f.open ? "open, sent from the disk" : "in memory"}</td><td class="number">${duration(f.age_us)} ago</td></tr>`)}</tbody>
        </table></div>
        ${match.length > files.most ? html`<p class="pane-foot"><button class="small" @click=${() => { files.most += 1000; context.draw(); }}>Show ${count(Math.min(1000, match.length - files.most))} more</button></p>` : nothing}
      </div>`;
  };

  const sites = (house, now) => html`<section class="pane sites">
      <header><h2>Sites</h2><p>${house.sites.length === 0 ? "" : "now, and since the start"}</p></header>
      ${house.sites.length === 0
        ? html`<p class="pane-body faint">No request has reached a site yet.</p>`
        : html`<div class="wide" tabindex="0" role="group" aria-label="Sites"><table class="data">
            <thead><tr><th>Site</th><th class="number">Requests/s</th><th class="number">Requests</th><th class="number">Refused (4xx)</th><th class="number">Failed (5xx)</th><th class="number">Sent/s</th><th class="number">Sent</th></tr></thead>
            <tbody>${[...house.sites].sort((a, b) => b.requests - a.requests).map((s) => {
              const r = now?.sites.get(s.site);
              return html`<tr>
                  <td>${unnamed[s.site] ? html`<span class="faint">${unnamed[s.site]}</span>` : html`<a href=${context.href("journeys", "", { site: s.site })}>${s.site}</a>`}</td>
                  <td class="number"><b>${rate(r?.requests)}</b></td><td class="number">${count(s.requests)}</td>
                  <td class="number">${s.statuses[4] && !unnamed[s.site] ? html`<a href=${context.href("journeys", "", { site: s.site, status: "4xx" })}>${count(s.statuses[4])}</a>` : count(s.statuses[4])}</td>
                  <td class="number">${s.statuses[5] ? html`<a class="bad-number" href=${context.href("journeys", "", { site: s.site, status: "5xx" })}>${mark("failed")} ${count(s.statuses[5])}</a>` : "0"}</td>
                  <td class="number">${bytesRate(r?.bytes)}</td><td class="number">${bytes(s.bytes_out)}</td>
                </tr>`;
            })}</tbody></table></div>`}
    </section>`;

  const head = () => html`<div class="view-head">
      <h1>The house</h1>
      <p class="live" data-state=${paused ? "paused" : state}>${
        paused ? `paused, as of ${history.house ? ago(history.house.at) : "now"}`
          : state === "open" ? "live, each second"
          : state === "broken" ? "the server does not answer; asking again"
          : "asking the server"}</p>
      <button class="small" aria-pressed=${paused} @click=${pause} title="Pause (p)">${icon(paused ? "play" : "pause")}${paused ? "Go on" : "Pause"}</button>
    </div>`;

  return {
    title: "House",
    template() {
      const house = history.house;
      if (!house) {
        if (state === "broken") {
          return html`${head()}${empty("Nothing is known of the server yet.", "It does not answer. It is asked again every few seconds; if it was stopped, start it with “vitrine run” or “vitrine serve”.")}`;
        }
        return html`${head()}${waiting()}`;
      }
      const now = history.now;
      return html`${head()}${figures(house, now)}
        <div class="house-columns">
          <div class="house-column">${building(house, now)}${loops(house, now)}</div>
          <div class="charts">${drawings.map(drawing)}${states(house)}</div>
        </div>
        <div class="house-below">${work(house)}${memory(house, now)}${sites(house, now)}</div>`;
    },
    drawn,
    close() {
      if (!paused) end();
      for (const c of charts.values()) c.close();
      charts = new Map();
    },
    back() {
      if (!opened) return false;
      open("");
      return true;
    },
    keys: [{ key: "p", does: "pause or go on", run: pause }],
  };
}

/** A shaft of the building, where things go up or down: its width is the logarithm of the rate, and it moves while there is one. */
function shaft(direction, perSecond, total, unit) {
  const moving = perSecond > 0;
  const width = perSecond ? Math.min(18, 2.5 + (unit === "bytes" ? 2 : 4) * Math.log10(1 + perSecond)) : 2;
  const sized = unit === "bytes", short = sized ? (perSecond === undefined ? "–" : bytes(Math.round(perSecond))) : rate(perSecond);
  const words = `${direction === "in" ? "in" : "out"}: ${short} ${sized ? "" : unit + " "}a second, ${sized ? bytes(total) : count(total)} since the start`;
  return html`<span class=${"shaft " + direction} title=${words}>
      <span class="flow" ?data-moving=${moving} .style=${`inline-size:${width.toFixed(1)}px;animation-duration:${(2.4 / (1 + Math.log10(1 + (perSecond || 0)))).toFixed(1)}s`}></span>
      <span class="shaft-words"><b>${short}</b><span class="shaft-unit">${sized ? "a second" : unit + "/s"}</span></span><span class="unseen">${words}</span>
    </span>`;
}

/** How a line of a chart looks. */
function swatch(s) {
  return html`<svg class="swatch" viewBox="0 0 18 8" width="18" height="8" aria-hidden="true"><path d="M1 4h16" class=${"ink" + s.token} stroke-width=${s.width || 1.6}
    stroke-dasharray=${s.dash ? s.dash.join(" ") : nothing} /></svg>`;
}
