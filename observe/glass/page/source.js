// Lines of the configuration, shown in place: position(p) is the place as people write it, and opens to its lines.

import { html, nothing, render } from "./lib/lit-html.js";
import { get } from "./api.js";
import { icon } from "./parts.js";

const origins = {
  inherited: "inherited", default: "a default", environment: "from the environment", include: "included", flag: "a flag",
};

/**
 * A position that opens to the lines around it. options: open shows them at once; around is how many lines before and
 * after (default 3); label is shown instead of the position's own text.
 */
export function position(p, options = {}) {
  if (!p || !p.text) return nothing;
  const origin = origins[p.origin] ? html`<span class="origin">${origins[p.origin]}</span>` : nothing;
  if (!p.file || !p.line) return html`<span class="position-only">${options.label || p.text}</span>${origin}`;
  return html`<details class="position" ?open=${options.open} @toggle=${(e) => opened(e, p, options.around ?? 3)}>
      <summary title=${p.file + ", line " + p.line}>${icon("next")}${options.label || short(p)}${origin}</summary>
      <div></div>
    </details>`;
}

/** file:line:column with the folders left out: sites/main.hcl:12:3 */
export function short(p) {
  const name = p.file.split("/").pop();
  return p.line ? name + ":" + p.line + (p.column ? ":" + p.column : "") : name;
}

/** The same for a position that is only text, such as /etc/vitrine/vitrine.hcl:12:3, without its column. */
export const shortText = (text) => (text ? text.slice(text.lastIndexOf("/") + 1).replace(/(:\d+):\d+$/, "$1") : "");

async function opened(e, p, around) {
  const details = e.target;
  if (!details.open) return;
  const place = details.lastElementChild;
  if (place.dataset.of === p.text) return;
  place.dataset.of = p.text;
  try {
    render(lines(await ask(p, around), p), place);
  } catch (problem) {
    delete place.dataset.of;
    render(html`<p class="source faint source-name">${problem.message} ${problem.hint || ""}</p>`, place);
  }
}

// The configuration is the same for a while: what was asked is kept, except that a reload changes it.
const asked = new Map();

function ask(p, around) {
  const name = p.file + "\n" + p.line + "\n" + around;
  const kept = asked.get(name);
  if (kept && Date.now() - kept.at < 15000) return kept.answer;
  const answer = get("source", { file: p.file, line: p.line, around });
  asked.set(name, { at: Date.now(), answer });
  answer.catch(() => asked.delete(name));
  return answer;
}

/** The lines of an api Source, with the one of position p marked, and in it the column. */
export function lines(source, p) {
  return html`<div class="source">
      <div class="source-name"><code>${source.file}</code><span class="nowrap">line ${p.line} of ${source.total}</span></div>
      <div class="source-lines" tabindex="0" role="group" aria-label=${"Lines of " + source.file}>
        ${source.lines.map((text, i) => {
          const n = source.from + i;
          return n === p.line
            ? html`<div class="here" aria-current="true"><span class="n">${n}</span><span>${pointed(text, p.column)}</span></div>`
            : html`<div><span class="n">${n}</span><span>${painted(text)}</span></div>`;
        })}
      </div>
      ${p.source ? html`<div class="source-name">its value comes from ${p.source.text}</div>` : nothing}
    </div>`;
}

/** A line with the word at a column marked. Columns count bytes from 1, as the configuration's messages do. */
function pointed(text, column) {
  if (!column) return painted(text);
  const from = inCharacters(text, column - 1);
  const word = /^("(?:[^"\\]|\\.)*"|[\w.-]+|\S)/.exec(text.slice(from));
  if (!word) return painted(text);
  const to = from + word[0].length;
  return html`${painted(text.slice(0, from))}<span class="column">${text.slice(from, to)}</span>${painted(text.slice(to))}`;
}

/** How many UTF-16 units n bytes of UTF-8 are. */
function inCharacters(text, n) {
  let at = 0;
  for (const c of text) {
    if (n <= 0) break;
    const code = c.codePointAt(0);
    n -= code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    at += c.length;
  }
  return at;
}

/** A line with its strings and comments told apart; no more than that, since it is to be read and not to be admired. */
function painted(text) {
  const out = [];
  const parts = /"(?:[^"\\]|\\.)*"|#.*|\/\/.*/g;
  let at = 0;
  for (const m of text.matchAll(parts)) {
    if (m.index > at) out.push(text.slice(at, m.index));
    out.push(html`<span class=${m[0][0] === '"' ? "string" : "comment"}>${m[0]}</span>`);
    at = m.index + m[0].length;
  }
  if (at < text.length) out.push(text.slice(at));
  return out;
}
