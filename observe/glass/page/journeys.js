// The list of journeys: live, the newest on top, of any length. Only the rows that are seen are in the document.
//
// New ones come in batches and are shown at the next frame. They do not move what somebody reads: while the list is scrolled
// or paused, a row is chosen, or the pointer moves over it, they wait, and a button counts them.

import { html, nothing } from "./lib/lit-html.js";
import { get, stream } from "./api.js";
import { plural, sentence } from "./format.js";
import { failure, icon, sentences, waiting } from "./parts.js";
import { clean, filterBar } from "./filter.js";
import { exportMenu } from "./exports.js";
import { meter } from "./meter.js";
import { nobody } from "./nobody.js";
import { cellTitle, row } from "./row.js";
import { seen } from "./seen.js";
import { strip } from "./strip.js";

const live = 10000; // rows that are kept while one follows; those before are asked for again
const most = 50000; // rows, with those of the past
const waitingMost = 10000; // that wait to be shown; beyond that the list is asked for anew
const part = 500; // of the past, at once
const overlap = 1000; // that a stream sends again when it comes back, to close the gap
const pointerRests = 1200; // ms

// What the list was when somebody went to one journey, so that the way back leads to the same place.
let left;

/** The journeys before and after one in the list that was left, for going through them: { newer, older }. */
export function neighbours(id) {
  const i = left ? left.rows.findIndex((s) => s.id === id) : -1;
  return i < 0 ? {} : { newer: left.rows[i + 1]?.id, older: left.rows[i - 1]?.id };
}

export function view(context) {
  let rows = []; // the oldest first; row 0 of the list is the last of them
  let fresh = []; // those that wait
  let known = new Set(); // ids of both
  let lost = false; // there is a gap before those that wait
  let leftOut = 0; // that the server could not send in time
  let before = ""; // how to ask for those that are older than rows
  let state = "asking"; // "asking", "ready", "failed"
  let problem, refused; // of the list; of the filter
  let older = false; // older ones are being asked for
  let paused = false;
  let chosen; // id of the row that the keys have come to
  let pointed = -Infinity, pointerTimer;
  let query = clean(context.at.query);
  let end = () => {};
  let asked = 0; // counts questions, so that late answers are told from current ones
  let menu = false;

  let scroller, height = 0, rowHeight = 32, top = 0, wide = true;
  const rate = meter();

  const bar = filterBar(() => context.draw(), changed, (name) => seen(name, rows, context.status()?.sites));
  bar.set(query);

  // --- What is asked ---

  function changed(q) {
    if (q.toString() === query.toString()) return;
    query = q;
    context.keep(q);
    start();
  }

  async function start() {
    end();
    const mine = ++asked;
    refused = problem = undefined;
    state = rows.length ? "ready" : "asking";
    context.draw();
    try {
      const answer = await get("journeys", withQuery({ limit: part }));
      if (mine !== asked) return;
      rows = answer.journeys.reverse();
      before = answer.before || "";
      forget();
      state = "ready";
      follow();
    } catch (e) {
      if (mine !== asked) return;
      if (e.status === 400 || e.status === 422) refused = e;
      else problem = e;
      state = e.status === 400 && rows.length ? "ready" : "failed";
      if (e.status === 0) setTimeout(() => mine === asked && start(), 2000);
    }
    context.draw();
  }

  function forget() {
    fresh = [];
    known = new Set(rows.map((s) => s.id));
    lost = false;
    leftOut = 0;
    chosen = undefined;
    top = 0;
    if (scroller) scroller.scrollTop = 0;
  }

  function follow() {
    let first = true;
    end();
    end = stream(
      () => {
        first = true;
        return ["journeys/stream", withQuery({ last: overlap })];
      },
      {
        journeys(batch) {
          const news = batch.journeys.filter((s) => !known.has(s.id));
          if (first) {
            // The past again. Those that are older than the list are not new; when nothing of it is known there is a gap.
            first = false;
            const newest = (fresh.at(-1) || rows.at(-1))?.start || "";
            const later = news.filter((s) => s.start >= newest);
            if (later.length === overlap && newest !== "") lost = true;
            take(later);
          } else {
            rate.add(batch.journeys.length);
            take(news);
          }
          if (batch.left_out) leftOut += batch.left_out;
          context.draw();
        },
      },
      (s) => {
        if (s === "broken") rate.clear();
        context.draw();
      },
    );
  }

  function take(news) {
    for (const s of news) {
      known.add(s.id);
      fresh.push(s);
    }
    if (fresh.length > waitingMost) {
      for (const s of fresh.splice(0, fresh.length - waitingMost)) known.delete(s.id);
      lost = true;
    }
  }

  /** Shows those that wait. */
  function join() {
    if (fresh.length === 0) return;
    if (lost) {
      rows = fresh;
      known = new Set(rows.map((s) => s.id));
      before = rows[0].start;
      lost = false;
    } else for (const s of fresh) rows.push(s);
    fresh = [];
    if (rows.length > live + 2000) {
      for (const s of rows.splice(0, rows.length - live)) known.delete(s.id);
      before = rows[0].start;
    }
  }

  async function askOlder() {
    if (older || !before || rows.length >= most || state !== "ready") return;
    older = true;
    const mine = asked;
    try {
      const answer = await get("journeys", withQuery({ limit: part, before }));
      if (mine !== asked) return;
      const more = answer.journeys.filter((s) => !known.has(s.id)).reverse();
      for (const s of more) known.add(s.id);
      rows = more.concat(rows);
      before = answer.before || "";
    } catch {
      // The notice says that the server has gone; scrolling asks again.
    } finally {
      older = false;
      context.draw();
    }
  }

  function withQuery(more) {
    const q = new URLSearchParams(query);
    for (const [name, value] of Object.entries(more)) q.set(name, value);
    return q;
  }

  // --- Reading ---

  const reads = () => rows.length > 0 && (paused || top > 2 || chosen !== undefined || performance.now() - pointed < pointerRests);

  function onScroll() {
    const was = top;
    top = scroller.scrollTop;
    if (was > 2 !== top > 2 || Math.abs(top - drawnAt) > rowHeight / 2) context.draw();
  }
  let drawnAt = -1;

  function onPointer(e) {
    if (e.pointerType === "touch" && e.type !== "pointerdown") return;
    pointed = performance.now();
    clearTimeout(pointerTimer);
    pointerTimer = setTimeout(() => context.draw(), pointerRests + 20);
  }

  function newest() {
    paused = false;
    chosen = undefined;
    pointed = -Infinity;
    if (lost) start();
    else {
      scroller.scrollTop = top = 0;
      join();
    }
    context.draw();
  }

  function pause() {
    paused = !paused;
    if (!paused) newest();
    context.say(paused ? "Paused" : "Live");
    context.draw();
  }

  const indexOf = (id) => {
    const i = rows.findIndex((s) => s.id === id);
    return i < 0 ? -1 : rows.length - 1 - i;
  };

  function move(step) {
    if (rows.length === 0) return;
    const now = chosen === undefined ? -1 : indexOf(chosen);
    let next = now < 0 ? Math.ceil(top / rowHeight) : now + step;
    if (step === -Infinity) next = 0;
    if (step === Infinity) next = rows.length - 1;
    next = Math.max(0, Math.min(rows.length - 1, next));
    chosen = rows[rows.length - 1 - next].id;
    const y = next * rowHeight, seenTo = scroller.clientHeight - head();
    if (y < scroller.scrollTop) scroller.scrollTop = y;
    else if (y + rowHeight > scroller.scrollTop + seenTo) scroller.scrollTop = y + rowHeight - seenTo;
    top = scroller.scrollTop;
    if (document.activeElement !== scroller) scroller.focus({ preventScroll: true });
    context.draw();
  }

  const head = () => (wide ? 31 : 0);

  function onClick(e) {
    if (e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
    const row = e.target.closest("[data-id]");
    if (!row || e.target.closest("a")) return;
    if (String(getSelection())) return; // somebody marks text
    context.go("journeys", row.dataset.id);
  }

  // --- What is shown ---

  function template() {
    const recording = context.status()?.recording;
    if (!reads() && state === "ready") join();
    return html`
      <h1 class="unseen">Journeys</h1>
      <div class="jtools">
        ${bar.template()}
        <button type="button" class="pause" aria-pressed=${paused} @click=${pause} title=${(paused ? "Go on" : "Pause") + " (p)"}>
          ${icon(paused ? "play" : "pause")}<span>${paused ? "Go on" : "Pause"}</span></button>
        ${exportMenu(query, menu, (to) => (menu = to))}
      </div>
      ${refused ? html`<p class="refused" role="alert"><b>${sentence(refused.message)}</b> ${refused.hint ? sentence(refused.hint) : nothing}</p>` : nothing}
      ${strip(recording, { perSecond: rate.now(), reads: reads(), paused, rows: rows.length + fresh.length, more: before !== "", filtered: bar.some(), leftOut, again: start })}
      ${list(recording)}
    `;
  }

  function list(recording) {
    if (state === "asking") return waiting();
    if (state === "failed") return refused ? nothing : failure(problem, start);
    if (rows.length === 0) return nobody(recording, bar, context.status()?.addresses);
    const n = rows.length;
    const first = Math.max(0, Math.floor(top / rowHeight) - 6);
    const last = Math.min(n, Math.ceil((top + (height || 800)) / rowHeight) + 6);
    drawnAt = top;
    if (last > n - 40) askOlder();
    const slice = [];
    for (let i = first; i < last; i++) slice.push(row(rows[n - 1 - i], i, rows[n - 1 - i].id === chosen));
    return html`<div class="list-frame">
      ${fresh.length && reads()
        ? html`<button class="news" @click=${newest}>${icon("up")}${lost ? "over " : ""}${plural(fresh.length, "new one")}</button>`
        : nothing}
      <div class="list" role="grid" aria-label="Journeys, the newest first" aria-rowcount=${before ? -1 : n + 1} aria-multiselectable="false" tabindex="0"
        aria-activedescendant=${chosen ? "row-" + chosen : nothing} @click=${onClick} @pointerover=${onOver} @pointermove=${onPointer} @pointerdown=${onPointer}>
        <div class="jrow jrow-head" role="row" aria-rowindex="1">
          <span role="columnheader">Time</span><span role="columnheader">Status</span><span role="columnheader">Request</span>
          <span role="columnheader">Reason</span><span role="columnheader" class="c-line">Line</span>
          <span role="columnheader" class="c-took" title="The bars grow by the factor: each third of their width is about 100 times as long">Took</span>
          <span role="columnheader" class="c-size">Body</span><span role="columnheader" class="c-client">Client</span>
        </div>
        <div class="jrows" .style=${"height:" + n * rowHeight + "px"}>
          <div class="slice" .style=${`transform:translateY(${first * rowHeight}px)`}>${slice}</div>
        </div>
        <p class="list-end">${older ? "Asking for older ones …" : before ? (n >= most ? "There are more. Filter them, to see those." : "") : "That is all that is remembered."}</p>
      </div>
    </div>`;
  }

  function onOver(e) {
    const row = e.target.closest("[data-id]");
    const cell = row && e.target.closest("[role=gridcell]");
    if (!cell) return;
    const s = rows[rows.length - 1 - indexOf(row.dataset.id)];
    if (!s) return;
    cell.title = cellTitle(cell.className, s);
  }

  // --- Begin and end ---

  let wheel;
  const size = new ResizeObserver(() => measure());
  function measure() {
    if (!scroller) return;
    const h = scroller.clientHeight, w = scroller.clientWidth > 759;
    if (h === height && w === wide) return;
    height = h;
    wide = w;
    rowHeight = w ? 32 : 60;
    context.draw();
  }

  if (left && left.query === query.toString() && Date.now() - left.at < 600000) {
    ({ rows, before, paused } = left);
    known = new Set(rows.map((s) => s.id));
    fresh = left.fresh;
    for (const s of fresh) known.add(s.id);
    lost = left.lost;
    chosen = left.chosen;
    top = left.top;
    state = "ready";
    wheel = top;
    follow();
  } else start();

  if (sentences.size < 20) {
    get("reasons").then((all) => all.forEach((r) => sentences.set(r.id, r.sentence)), () => {});
  }
  let told;
  const tick = setInterval(() => {
    const now = rate.now();
    if (now !== undefined || told !== undefined) context.draw();
    told = now;
  }, 1000);
  const shut = (e) => {
    if (menu && !e.target.closest?.(".menu")) {
      menu = false;
      context.draw();
    }
  };
  document.addEventListener("pointerdown", shut);

  return {
    title: "Journeys",
    template,
    drawn() {
      const found = context.root.querySelector(".list");
      if (found === scroller) return;
      if (scroller) size.unobserve(scroller);
      scroller = found;
      if (!scroller) return;
      // Passive, and not in the template: what scrolls must never wait for what is drawn.
      scroller.addEventListener("scroll", onScroll, { passive: true });
      size.observe(scroller);
      measure();
      if (wheel) scroller.scrollTop = wheel;
      wheel = undefined;
    },
    update(at) {
      const q = clean(at.query);
      if (q.toString() === query.toString()) return;
      query = q;
      bar.set(q);
      start();
    },
    move,
    open() {
      if (chosen) context.go("journeys", chosen);
    },
    back() {
      if (menu) {
        menu = false;
        context.draw();
        return true;
      }
      if (chosen !== undefined) {
        chosen = undefined;
        context.draw();
        return true;
      }
      if (top > 2 || paused) {
        newest();
        return true;
      }
      return false;
    },
    close() {
      asked++;
      end();
      size.disconnect();
      clearInterval(tick);
      clearTimeout(pointerTimer);
      document.removeEventListener("pointerdown", shut);
      if (state === "ready") left = { rows, fresh, lost, before, paused, chosen, top, query: query.toString(), at: Date.now() };
    },
    keys: [
      { key: "p", does: "pause, or go on", run: pause },
      { key: "n", does: "to the newest", run: newest },
      { key: "f", does: "only what failed", run: () => context.root.querySelector(".switch")?.click() },
    ],
  };
}
