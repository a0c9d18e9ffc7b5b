// Decisions in their order: decisions(events, options) shows each with its Reason, its inputs and the configuration's lines
// that are responsible. Candidates that did not match are folded under the decision that they lead to.

import { html, nothing } from "./lib/lit-html.js";
import { count, duration, exactly, readable, sentence } from "./format.js";
import { mark, sentences, standard } from "./parts.js";
import { position } from "./source.js";

const things = {
  route: ["route was", "routes were"], site: ["site was", "sites were"], clients: ["rule was", "rules were"],
  access: ["rule was", "rules were"], negotiate: ["variant was", "variants were"], client: ["step was", "steps were"],
  header: ["header rule was", "header rules were"],
};

/** Steps as people call them. What is not here is called as the server calls it. */
const titles = {
  listener: "Listener", clients: "Clients", site: "Site", route: "Route", resource: "File", content: "Content", header: "Header",
  client: "Client", access: "Access", rate: "Rate", method: "Method", augment: "State in the URL", balance: "Balance", nearer: "Nearer",
  rewalk: "Another path", script: "Script", cgi: "Script", upstream: "Application", handler: "Handler", negotiate: "Negotiation", include: "Includes",
  language: "Language", charset: "Charset", encoding: "Encoding", encode: "Content coding", error: "Error page",
  request: "Request", respond: "Respond", redirect: "Redirect", connection: "Connection", end: "End",
};

/**
 * Shows api events. options: verdict is the event that decided (it is marked); times says whether to show when each was
 * taken (default true; a dry run has none).
 */
export function decisions(events, options = {}) {
  const verdict = options.verdict && [...events].reverse().find((e) => e.reason.id === options.verdict.reason.id);
  const groups = grouped(events, verdict);
  const times = options.times !== false && events.some((e) => e.at_us > 0);
  return html`<ol class="decisions" ?data-times=${times}>
      ${groups.map(
        (g) => html`<li class="step" .style=${g.depth ? `margin-inline-start:${1.5 * Math.min(g.depth, 6)}rem` : ""}>
          <h3 class="step-name" title=${layerTitle(g)}>${titles[g.step] || capital(g.step)}${g.depth ? html` <span class="faint">within</span>` : nothing}</h3>
          <ol class="step-events">
            ${g.parts.map((p) => (p.passed ? passed(g.step, p.passed, times) : one(p, times, p === verdict)))}
          </ol>
        </li>`,
      )}
    </ol>`;
}

const layerTitle = (g) => (g.depth ? "part of the page, " : "") + (g.layer ? "layer: " + g.layer : "");

const capital = (word) => (word ? word[0].toUpperCase() + word.slice(1) : "");

/**
 * Events by step, with runs of candidates that were passed over as one part { passed }. The verdict is never one of them:
 * what was looked for and not found is a candidate too, and may be what decided.
 */
function grouped(events, verdict) {
  const groups = [];
  for (const e of events) {
    sentences.set(e.reason.id, e.reason.sentence);
    let g = groups.at(-1);
    if (!g || g.step !== e.step || g.depth !== (e.depth || 0)) groups.push((g = { step: e.step, layer: e.layer, depth: e.depth || 0, parts: [] }));
    if (e.taken || e === verdict) {
      g.parts.push(e);
      continue;
    }
    const last = g.parts.at(-1);
    if (last?.passed) last.passed.push(e);
    else g.parts.push({ passed: [e] });
  }
  return groups;
}

function passed(step, events, times) {
  const [one1, many] = things[step] || ["candidate was", "candidates were"];
  return html`<li class="passed"><details>
      <summary>${count(events.length)} ${events.length === 1 ? one1 : many} passed over</summary>
      <ol>${events.map((e) => one(e, times, false))}</ol>
    </details></li>`;
}

function one(e, times, decided) {
  // A candidate's own reason is often said best by its detail "why".
  const why = e.details?.find((d) => d.name === "why");
  const rest = (e.details || []).filter((d) => d !== why);
  return html`<li class="decision" ?data-decided=${decided} data-kind=${e.reason.kind} ?data-passed=${!e.taken}>
      <div class="decision-head">
        ${e.taken || decided ? mark(e.reason.kind) : html`<span class="mark-passed" role="img" aria-label="passed over"></span>`}
        ${e.subject ? html`<code class="subject">${readable(e.subject)}</code>` : nothing}
        ${decided ? html`<span class="chip" data-tone=${e.reason.kind}>decides the answer</span>` : nothing}
        ${times && (e.taken || decided) ? html`<time class="at" title=${exactly(e.at_us)}>${duration(e.at_us)}</time>` : nothing}
      </div>
      <p class="why">${sentence(why ? readable(why.value) : e.reason.sentence)}
        <code class="reason-id" data-tone=${e.reason.kind} title=${sentence(e.reason.sentence)}>${e.reason.id}</code>
        ${standard(e.reason.standard)}</p>
      ${rest.length ? html`<dl class="inputs">${rest.map((d) => html`<div><dt>${d.name}</dt><dd>${readable(d.value)}</dd></div>`)}</dl>` : nothing}
      ${e.position ? position(e.position) : nothing}
    </li>`;
}
