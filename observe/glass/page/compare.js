// Two explanations side by side: the decisions that both share, the first that differs, said in a sentence, and the fields of
// the response that are not the same.
//
// An explanation here is { title, request, response, events, verdict, status, keep, ending, recorded }: what /api/explain
// answers, or a recorded journey in the same form.

import { html, nothing } from "./lib/lit-html.js";
import { count, plural, readable, sentence } from "./format.js";
import { icon, reason, status } from "./parts.js";
import { decisions } from "./decisions.js";
import { position } from "./source.js";

// Of these steps the subject is a part of the configuration, and so part of the decision. Of others it is what was asked for,
// such as a path, which may differ while the decision is the same.
const steps = new Set(["site", "route", "listener", "header"]);
const chosen = (e) => steps.has(e.step) && e.reason.kind !== "refused" && !e.reason.id.endsWith(".none");

const words = { site: "site", route: "route", listener: "listener", clients: "client's address", resource: "file", content: "content", header: "header rules",
  request: "request", respond: "response", redirect: "redirect", deliver: "delivery", connection: "connection" };

// How the server came by a file is luck: it was in memory, or had to be read. What is at the path is the decision.
const had = /^resource\.(kept|unchanged|read|opened|unsteady|directory)$/;
const what = (e) => (had.test(e.reason.id) ? "there: " + (e.details?.find((d) => d.name === "kind")?.value || "") : e.reason.id);

/** What a decision was, for comparing. */
const key = (e) => [e.step, e.taken, what(e), chosen(e) ? e.subject || "" : "", e.position?.text || ""].join("\n");

/** Decisions with the candidates that were passed over on the way to them: [{ step, passed, taken, key }]. */
export function units(events) {
  const out = [];
  let passed = [];
  for (const e of events) {
    if (passed.length && passed[0].step !== e.step) {
      out.push({ step: passed[0].step, passed, taken: null, key: passed.map(key).join("\n") });
      passed = [];
    }
    if (!e.taken) {
      passed.push(e);
      continue;
    }
    // A file that was looked for and is not there is a decision; that other routes or sites were looked at first is not.
    out.push({ step: e.step, passed, taken: e, key: (steps.has(e.step) || e.step === "clients" ? [] : passed.map(key)).concat(key(e)).join("\n") });
    passed = [];
  }
  if (passed.length) out.push({ step: passed[0].step, passed, taken: null, key: passed.map(key).join("\n") });
  return out;
}

/** Puts two lists of units side by side, the same ones in one row: [[a, b]], where a or b may be undefined. */
export function align(a, b) {
  // The longest common subsequence. Lists have tens of units; beyond a thousand only their beginnings are compared.
  const n = Math.min(a.length, 1000), m = Math.min(b.length, 1000);
  const length = Array.from({ length: n + 1 }, () => new Uint16Array(m + 1));
  for (let i = n - 1; i >= 0; i--) {
    for (let j = m - 1; j >= 0; j--) {
      length[i][j] = a[i].key === b[j].key ? length[i + 1][j + 1] + 1 : Math.max(length[i + 1][j], length[i][j + 1]);
    }
  }
  const rows = [];
  let i = 0, j = 0;
  const gap = { a: [], b: [] };
  const flush = () => {
    // What differs is put beside what it differs from: the same step first, else in order.
    const first = gap.a.splice(0), left = gap.b.splice(0);
    if (first.length && left.length && !left.some((y) => y.step === first[0].step) && !first.some((x) => x.step === left[0].step)) rows.push([first.shift(), left.shift()]);
    for (const x of first) {
      const at = left.findIndex((y) => y.step === x.step);
      for (const y of left.splice(0, Math.max(at, 0))) rows.push([undefined, y]);
      rows.push([x, at >= 0 ? left.shift() : undefined]);
    }
    for (const y of left) rows.push([undefined, y]);
  };
  while (i < n || j < m) {
    if (i < n && j < m && a[i].key === b[j].key) {
      flush();
      rows.push([a[i++], b[j++]]);
    } else if (j >= m || (i < n && length[i + 1][j] >= length[i][j + 1])) gap.a.push(a[i++]);
    else gap.b.push(b[j++]);
  }
  flush();
  return rows;
}

const same = ([a, b]) => a && b && a.key === b.key;
const quoted = (s) => (s ? "“" + s + "”" : "");
const lower = (text) => (/^[A-Z][a-z ]/.test(text) ? text[0].toLowerCase() + text.slice(1) : text).replace(/\.$/, "");
const why = (e) => {
  if (had.test(e.reason.id)) return `${quoted(e.subject)} is there`;
  return (e.reason.id === "resource.missing" ? quoted(e.subject) + ": " : "") + lower(e.details?.find((d) => d.name === "why")?.value || e.reason.sentence);
};

/** Why a candidate that one side took was no choice of the other's. */
const refusal = (unit, subject) => unit?.passed.find((e) => e.subject === subject);

/**
 * Where two explanations part, as { at, text }: the row's index, and a sentence. names are what the two are called, such as
 * "the first" and "the second". at is -1 when they are decided alike.
 */
export function parting(rows, names) {
  const at = rows.findIndex((r) => !same(r));
  if (at < 0) return { at, text: "Both are decided alike: every decision is the same." };
  const [a, b] = rows[at], step = (a || b).step;
  const head = a && b && a.step !== b.step ? "They part here: " : `They part at the ${words[step] || step}: `;
  if (!a || !b) {
    const [has, name, other] = a ? [a, names[0], names[1]] : [b, names[1], names[0]];
    const e = has.taken || has.passed[0];
    const about = chosen(e) && e.subject ? quoted(e.subject) + ", " : "";
    return { at, text: `${head}for ${name}, ${about}${lower(e.reason.sentence)}. For ${other} there is no such decision.` };
  }
  for (const [one, two, name, other] of [[a, b, names[0], names[1]], [b, a, names[1], names[0]]]) {
    const not = one.taken && chosen(one.taken) && refusal(two, one.taken.subject);
    if (not) return { at, text: `${head}${quoted(one.taken.subject)} matched for ${name}, and not for ${other}, because ${why(not)}.` };
  }
  const tell = (u, other) => {
    const extra = steps.has(u.step) ? undefined : u.passed.find((e) => !other.passed.some((o) => key(o) === key(e)));
    const e = extra || u.taken || u.passed.at(-1);
    return (chosen(e) && e.subject && e.subject !== (a.taken || a.passed[0]).subject ? quoted(e.subject) + ": " : "") + why(e);
  };
  const [x, y] = [tell(a, b), tell(b, a)];
  if (x === y) {
    // The same decision by another line, or about another thing.
    const place2 = (u) => u.taken?.position?.text || u.taken?.subject || "no line";
    return { at, text: `${head}${x}, by ${place2(a)} for ${names[0]} and by ${place2(b)} for ${names[1]}.` };
  }
  return { at, text: `${head}for ${names[0]}, ${x}; for ${names[1]}, ${y}.` };
}

/** What was asked differently: [[what, first, second]]. */
export function asked(a, b) {
  const out = [];
  const differ = (what, x, y) => x !== y && out.push([what, x || "–", y || "–"]);
  const split = (line) => {
    const m = /^(\S*)\s+(.*?)\s*(HTTP\/[\d.]+)?$/.exec(line || "");
    return m ? { method: m[1], target: m[2], protocol: m[3] || "" } : { method: "", target: line || "", protocol: "" };
  };
  const x = split(a.request.line), y = split(b.request.line);
  differ("method", x.method, y.method);
  differ("target", x.target, y.target);
  differ("protocol", x.protocol, y.protocol);
  differ("client", a.from, b.from);
  for (const [name, p, q] of fields(a.request.fields, b.request.fields)) if (p?.value !== q?.value && !p?.hidden && !q?.hidden) out.push([name, p?.value ?? "–", q?.value ?? "–"]);
  return out;
}

/** Fields of both, by name: [[name, first or undefined, second or undefined]]. Repeated ones are put together. */
function fields(a, b) {
  const by = new Map();
  const put = (list, side) => {
    for (const f of list || []) {
      const k = f.name.toLowerCase();
      if (!by.has(k)) by.set(k, [f.name, undefined, undefined]);
      const row = by.get(k);
      row[side] = row[side] ? { ...row[side], value: row[side].value + ", " + f.value } : { ...f };
    }
  };
  put(a, 1);
  put(b, 2);
  return [...by.values()];
}

// A dry run is on no connection, so these say nothing about the decision.
const ofConnection = new Set(["date", "connection", "keep-alive", "vitrine-journey", "server-timing"]);

/** Shows two explanations side by side. names: what each is called in sentences. */
export function comparison(a, b, names) {
  let [ea, eb] = [a.events || [], b.events || []];
  if (a.recorded !== b.recorded) {
    // How a connection came is told by a dry run only, and how it ended only by what was recorded.
    const ofOne = /^(listener|accept|clients|close|log)\.|^site\.remembered$/;
    [ea, eb] = [ea, eb].map((list) => list.filter((e) => !ofOne.test(e.reason.id)));
  }
  const rows = align(units(ea), units(eb));
  const known = ea.length > 0 && eb.length > 0;
  const part = parting(rows, names);
  const inputs = asked(a, b);
  return html`<section class="pane parting" data-same=${part.at < 0 ? "" : nothing}>
      <div class="parting-say">
        ${icon(part.at < 0 ? "done" : "explain")}
        <p>${known ? sentence(part.text) : sentence(a.noEvents || b.noEvents || "one of them has no decisions that could be compared")}</p>
      </div>
      ${inputs.length
        ? html`<dl class="asked"><dt>Asked differently</dt><dd><table><tbody>${inputs.map(([what, x, y]) => html`<tr><th scope="row">${what}</th>
            <td><span class="side-name" data-side="a">${names[0]}</span><code>${x}</code></td><td><span class="side-name" data-side="b">${names[1]}</span><code>${y}</code></td></tr>`)}</tbody></table></dd></dl>`
        : html`<p class="asked faint">Both ask for the same.</p>`}
    </section>
    <div class="versus">${verdict(a, "a", names[0])}${verdict(b, "b", names[1])}</div>
    ${known
      ? html`<section class="pane"><header><h2>Decisions</h2><p>${differences(rows.filter((r) => !same(r)).length)}, ${count(rows.filter(same).length)} the same</p></header>
          <ol class="aligned">${aligned(rows, part.at, names, a, b)}</ol></section>`
      : nothing}
    ${fieldTable(a, b, names)}`;
}

const differences = (n) => (n === 0 ? "no difference" : plural(n, "difference"));

const verdict = (x, side, name) => html`<section class="pane side" data-side=${side}>
    <p class="side-name" data-side=${side}>${x.title || name}</p>
    <p class="side-status">${status(x.status, true)}</p>
    ${x.verdict ? html`<p>${reason(x.verdict.reason)}</p>` : nothing}
    <p class="faint"><code>${readable(x.request.line)}</code></p>
    ${x.position || x.verdict?.position ? position(x.position || x.verdict.position) : nothing}
  </section>`;

function aligned(rows, first, names, a, b) {
  const out = [];
  let run = [];
  const flush = () => {
    if (!run.length) return;
    const events = run.flatMap(([x]) => [...x.passed, ...(x.taken ? [x.taken] : [])]);
    const steps = [...new Set(run.map(([x]) => words[x.step] || x.step))];
    out.push(html`<li class="both"><details><summary>${icon("next")}<b>${plural(run.length, "decision")}</b> ${run.length === 1 ? "is" : "are"} the same: <span class="faint">${steps.join(", ")}</span></summary>
        ${decisions(events, { times: false })}</details></li>`);
    run = [];
  };
  rows.forEach((r, i) => {
    if (same(r)) {
      run.push(r);
      return;
    }
    flush();
    out.push(html`<li class="apart" ?data-first=${i === first}>
        ${i === first ? html`<p class="here-label">${icon("down")}They part here</p>` : nothing}
        ${cell(r[0], "a", names[0], a)}${cell(r[1], "b", names[1], b)}</li>`);
  });
  flush();
  return out;
}

const cell = (u, side, name, x) => html`<div class="cell" data-side=${side}><p class="side-name" data-side=${side}>${name}</p>
    ${u ? decisions([...u.passed, ...(u.taken ? [u.taken] : [])], { times: false, verdict: x.verdict }) : html`<p class="faint none-here">no such decision</p>`}</div>`;

function fieldTable(a, b, names) {
  const all = fields(a.response.fields, b.response.fields);
  const skipped = a.recorded !== b.recorded;
  const differing = all.filter(([name, x, y]) => x?.value !== y?.value && !(skipped && ofConnection.has(name.toLowerCase()) && (!x || !y)));
  const equal = all.length - differing.length;
  return html`<section class="pane"><header><h2>Fields of the response</h2><p>${differences(differing.length)}, ${count(equal)} ${skipped ? "the same or the connection's own" : "the same"}</p></header>
      ${differing.length
        ? html`<div class="field-diff"><div class="field-row field-heads" aria-hidden="true"><span></span>${[0, 1].map((i) => html`<div class="cell"><p class="side-name" data-side=${"ab"[i]}>${names[i]}</p></div>`)}</div>${differing.map(([name, x, y]) => html`<div class="field-row"><code class="field-name">${name}</code>
            ${[[x, "a", names[0]], [y, "b", names[1]]].map(([f, side, called]) => html`<div class="cell" data-side=${side}><p class="side-name" data-side=${side}>${called}</p>
              ${f ? html`<code class="field-value">${f.hidden ? "hidden" : readable(f.value)}</code>${f.position ? position(f.position) : nothing}` : html`<p class="faint none-here">not there</p>`}</div>`)}</div>`)}</div>`
        : html`<p class="pane-body faint">Both responses have the same fields with the same values.</p>`}
    </section>`;
}
