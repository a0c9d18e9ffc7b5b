// The catalogue: every decision that the server can take, why it takes it, and how often it did.

import { html, nothing } from "./lib/lit-html.js";
import { get } from "./api.js";
import { clock, compact, count, sentence } from "./format.js";
import { copy, empty, failure, icon, mark, sentences, standard, waiting } from "./parts.js";
import { groupOf } from "./layers.js";

const every = 2000; // ms

const kinds = [
  ["info", "a step on the way that refuses nothing"],
  ["success", "a final decision that gives the client what it asked for"],
  ["refused", "refused, by a rule or by the standard"],
  ["failed", "something went wrong here or beyond"],
  ["close", "a connection ended in an orderly way"],
];

// How often each was reached when the page was opened. It outlives the view.
let baseline = null, since = 0;

export function view(context) {
  let all = null, problem = null, timer, asking, closed = false;
  let text, kind, reached, group, chosen;
  let groups = [], matching = 0, scrollTo = "";
  const flashed = new Map(); // id → when it was last seen to grow

  readQuery();
  function readQuery() {
    const q = context.at.query;
    text = q.get("text") || "";
    kind = q.getAll("kind");
    reached = q.get("reached") === "1";
    group = q.get("group") || "";
    chosen = q.get("id") || "";
    scrollTo = chosen || (group ? "group-" + group : "");
  }

  function keep() {
    const q = new URLSearchParams();
    if (text) q.set("text", text);
    for (const k of kind) q.append("kind", k);
    if (reached) q.set("reached", "1");
    if (group) q.set("group", group);
    if (chosen) q.set("id", chosen);
    context.keep(q);
  }

  async function ask() {
    clearTimeout(timer);
    asking = new AbortController();
    try {
      const now = await get("reasons", {}, { signal: asking.signal });
      const began = new Map(now.map((r) => [r.id, r.reached]));
      // A server that was started anew counts from zero, and so do we.
      if (!baseline || now.some((r) => r.reached < (baseline.get(r.id) ?? 0))) [baseline, since] = [began, Date.now()];
      if (all) {
        const before = new Map(all.map((r) => [r.id, r.reached]));
        for (const r of now) if (r.reached > (before.get(r.id) ?? 0)) flashed.set(r.id, performance.now());
      }
      for (const r of now) sentences.set(r.id, r.sentence);
      all = now;
      problem = null;
      arrange();
    } catch (p) {
      if (p.name === "AbortError") return;
      problem = p;
    }
    context.draw();
    if (!closed) timer = setTimeout(again, every);
  }
  const again = () => (document.hidden ? (timer = setTimeout(again, every)) : ask());

  function arrange() {
    if (!all) return;
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const by = new Map();
    matching = 0;
    for (const r of all) {
      const g = groupOf(r.id);
      const passes = r.id === chosen ||
        ((!group || g.word === group) && (!kind.length || kind.includes(r.kind)) && (!reached || r.reached > 0) &&
          words.every((w) => r.id.includes(w) || r.sentence.toLowerCase().includes(w) || (r.standard || "").toLowerCase().includes(w)));
      if (!passes) continue;
      matching++;
      if (!by.has(g.word)) by.set(g.word, { ...g, reasons: [] });
      by.get(g.word).reasons.push(r);
    }
    groups = [...by.values()].sort((a, b) => a.place - b.place || a.word.localeCompare(b.word));
  }

  const change = (f) => {
    f();
    arrange();
    keep();
    context.draw();
  };
  const choose = (id) => change(() => (chosen = chosen === id ? "" : id));
  const clear = () => change(() => {
    text = group = "";
    kind = [];
    reached = false;
  });

  const gained = (r) => r.reached - (baseline.get(r.id) ?? 0);

  const one = (r) => {
    const open = chosen === r.id, plus = gained(r);
    const now = performance.now() - (flashed.get(r.id) ?? -1e9) < every + 200;
    return html`<li class="catalogued" id=${r.id} data-item tabindex="-1" ?data-open=${open} ?data-never=${r.reached === 0}>
        <button class="catalogued-head" aria-expanded=${open} @click=${() => choose(r.id)}>
          ${mark(r.kind)}
          <span class="catalogued-words"><code class="reason-id" data-tone=${r.kind}>${r.id}</code>
            <span class="catalogued-sentence">${sentence(r.sentence)}</span></span>
          <span class="catalogued-count" ?data-now=${now}>${r.reached ? html`<b>${compact(r.reached)}</b>` : html`<span class="faint">never</span>`}
            <span class="catalogued-plus">${plus > 0 ? "+" + compact(plus) : ""}</span></span>
        </button>
        ${open
          ? html`<div class="catalogued-more">
              <p><span class="chip" data-tone=${r.kind}>${mark(r.kind)}${r.kind}</span> ${(kinds.find((k) => k[0] === r.kind) || ["", ""])[1]}.
                ${r.standard ? html`Asked for by ${standard(r.standard)}.` : html`No standard asks for it: the rule is this program's own.`}</p>
              <p>${r.reached ? html`Reached <b>${count(r.reached)}</b> ${r.reached === 1 ? "time" : "times"} since the server started, ${
                plus ? html`<b>${count(plus)}</b> of them` : "none of them"} since ${clock(since).slice(0, 8)}, when this page began to look.` : "It was not reached since the server started."}</p>
              <p class="told-links"><a class="button small" href=${context.href("journeys", "", { reason: r.id })}>${icon("journeys")}Journeys with it</a>
                ${copy(() => new URL(context.href("reasons", "", { id: r.id }), location.href).href, "Copy the link", "small")}
                ${copy(r.id, "Copy the id", "small")}</p>
            </div>`
          : nothing}
      </li>`;
  };

  const tools = () => html`<div class="reason-tools">
      <div class="tools">
        <label class="search">${icon("search")}<input type="search" data-filter placeholder="Id, sentence or standard, such as RFC 9112 §6.3" aria-label="Filter" .value=${text}
          @input=${(e) => change(() => { text = e.target.value; chosen = ""; })}></label>
        <button aria-pressed=${reached} @click=${() => change(() => (reached = !reached))} title="Only those that were reached (o)">Reached only</button>
        <span class="faint tool-count">${matching === all.length ? count(all.length) : `${count(matching)} of ${count(all.length)}`}</span>
      </div>
      <div class="state-chips" role="group" aria-label="Kinds">
        ${kinds.map(([k, does]) => html`<button class="small" aria-pressed=${kind.includes(k)} title=${does}
          @click=${() => change(() => (kind = kind.includes(k) ? kind.filter((x) => x !== k) : [...kind, k]))}>${mark(k)}${k}
          <b class="faint">${count(all.reduce((n, r) => n + (r.kind === k), 0))}</b></button>`)}
      </div>
    </div>`;

  const contents = () => {
    const by = new Map();
    for (const r of all) {
      const g = groupOf(r.id);
      if (!by.has(g.word)) by.set(g.word, { ...g, n: 0, reached: 0 });
      const x = by.get(g.word);
      x.n++;
      x.reached += r.reached > 0;
    }
    const list = [...by.values()].sort((a, b) => a.place - b.place || a.word.localeCompare(b.word));
    const go = (word) => (e) => {
      e.preventDefault();
      change(() => {
        group = group === word ? "" : word;
        chosen = "";
      });
      scrollTo_(0);
    };
    return html`<nav class="contents" aria-label="Layers">
        <a href=${context.href("reasons")} aria-current=${group === "" ? "true" : nothing} @click=${go("")}><span>All layers</span><span class="faint">${count(all.length)}</span></a>
        ${list.map((g) => html`<a href=${context.href("reasons", "", { group: g.word })} aria-current=${group === g.word ? "true" : nothing} @click=${go(g.word)}>
          <span>${g.title}</span><span class="faint">${g.reached ? html`<b>${g.reached}</b> of ` : nothing}${g.n}</span></a>`)}
      </nav>`;
  };
  const scrollTo_ = (y) => scrollY > 200 && window.scrollTo(0, y);

  ask();

  return {
    title: "Reasons",
    template() {
      const head = html`<div class="view-head"><h1>Reasons</h1>
          <p>${all ? `Every decision this server can take, and how often it did; +1 is since ${clock(since).slice(0, 8)}.` : "Every decision this server can take."}</p></div>`;
      if (!all) return html`${head}${problem ? failure(problem, ask) : waiting()}`;
      return html`${head}
        ${problem ? html`<p class="stale">${mark("refused")} ${problem.message} The counts are old.</p>` : nothing}
        <div class="catalogue">
          ${contents()}
          <div class="catalogue-main">${tools()}
            ${groups.length === 0
              ? empty("No Reason is like that.", "The filter is about ids, sentences and standards.", html`<button @click=${clear}>Clear the filter</button>`)
              : groups.map((g) => html`<section class="pane group" id=${"group-" + g.word}>
                  <header><h2>${g.title}</h2><p>${g.text}</p></header>
                  <ul>${g.reasons.map(one)}</ul></section>`)}
          </div>
        </div>`;
    },
    drawn() {
      if (!scrollTo || !all) return;
      const e = document.getElementById(scrollTo);
      scrollTo = "";
      if (e && e.classList.contains("catalogued")) e.scrollIntoView({ block: "center" });
    },
    update() {
      readQuery();
      arrange();
      context.draw();
    },
    close() {
      closed = true;
      clearTimeout(timer);
      asking?.abort();
    },
    open() {
      const now = document.activeElement?.closest?.(".catalogued");
      if (now) choose(now.id);
    },
    back() {
      if (!chosen) return false;
      change(() => (chosen = ""));
      return true;
    },
    keys: [{ key: "o", does: "only those that were reached", run: () => change(() => (reached = !reached)) }],
  };
}
