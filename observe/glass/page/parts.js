// What several views draw alike: icons, marks, Reasons, buttons that copy, and what is shown instead of content.

import { html, nothing, svg } from "./lib/lit-html.js";
import { phrase, sentence, tone } from "./format.js";

// Icons are 20 by 20, drawn with a line of 1.6. Each is only ever beside words or has a label of its own.
const drawings = {
  brand: svg`<rect x="1.5" y="1.5" width="17" height="17" rx="4.5" class="brand-pane" /><path class="brand-v" d="M5.6 6 10 14.4 14.4 6" /><path class="brand-edge" d="M8 6h4" />`,
  journeys: svg`<path d="M4 4v12M4 5.5h6.5M4 10h10.5M4 14.5h4.5" /><circle cx="12.5" cy="5.5" r="1.6" /><circle cx="16" cy="10" r="1.6" /><circle cx="10.5" cy="14.5" r="1.6" />`,
  house: svg`<path d="M3.5 5h13M3.5 10h13M3.5 15h13" /><path d="M6.5 5v5M13.5 10v5" />`,
  sockets: svg`<rect x="3" y="3.5" width="14" height="13" rx="2" /><path d="M3 8h14M8 8v8.5" />`,
  explain: svg`<circle cx="10" cy="10" r="7" /><path d="M7.9 8a2.2 2.2 0 1 1 3.2 2c-.8.4-1.1.8-1.1 1.6M10 14v.1" />`,
  compare: svg`<path d="M10 3v14M3.5 6H7M3.5 10H7M3.5 14H7M13 6h3.5M13 10h3.5M13 14h3.5" />`,
  reasons: svg`<path d="M7.5 5H16M7.5 10H16M7.5 15H16M4 5h.1M4 10h.1M4 15h.1" />`,
  keys: svg`<rect x="2.5" y="5" width="15" height="10" rx="2" /><path d="M5.5 8.5h.1M8.5 8.5h.1M11.5 8.5h.1M14.5 8.5h.1M7 12h6" />`,
  sun: svg`<circle cx="10" cy="10" r="3.2" /><path d="M10 2.5v1.8M10 15.7v1.8M2.5 10h1.8M15.7 10h1.8M4.7 4.7 6 6M14 14l1.3 1.3M15.3 4.7 14 6M6 14l-1.3 1.3" />`,
  moon: svg`<path d="M16 11.8A6.5 6.5 0 0 1 8.2 4a6.5 6.5 0 1 0 7.8 7.8z" />`,
  halved: svg`<circle cx="10" cy="10" r="6.5" /><path d="M10 3.5v13a6.5 6.5 0 0 0 0-13z" class="filled" />`,
  close: svg`<path d="m5 5 10 10M15 5 5 15" />`,
  pause: svg`<path d="M7 4.5v11M13 4.5v11" />`,
  play: svg`<path d="M6.5 4.2v11.6L15.5 10z" class="filled" />`,
  copy: svg`<rect x="7" y="7" width="9.5" height="9.5" rx="1.8" /><path d="M13 4.5a1.5 1.5 0 0 0-1.3-1H5a1.5 1.5 0 0 0-1.5 1.5v6.7a1.5 1.5 0 0 0 1 1.3" />`,
  done: svg`<path d="m4.5 10.5 3.7 3.7 7.3-8" />`,
  download: svg`<path d="M10 3.5v9M6.2 9 10 12.8 13.8 9M4 16.5h12" />`,
  up: svg`<path d="M10 16V4.5M5.5 9 10 4.5 14.5 9" />`,
  back: svg`<path d="M16 10H4.5M9 5.5 4.5 10 9 14.5" />`,
  next: svg`<path d="m7.5 5 5 5-5 5" />`,
  down: svg`<path d="m5 7.5 5 5 5-5" />`,
  search: svg`<circle cx="9" cy="9" r="5" /><path d="m13 13 3.5 3.5" />`,
  unplugged: svg`<path d="M8 3.5v3M12 3.5v3M6 6.5h8v2.7a4 4 0 0 1-8 0zM10 13.2v3.3M3 3l14 14" />`,
  hidden: svg`<path d="M3 10s2.6-4.5 7-4.5S17 10 17 10s-2.6 4.5-7 4.5S3 10 3 10z" /><path d="m4 16 12-12" />`,
  again: svg`<path d="M15.8 8.2A6.2 6.2 0 1 0 16 12M16 4.2v4h-4" />`,
  plus: svg`<path d="M10 4.5v11M4.5 10h11" />`,
  slow: svg`<circle cx="10" cy="10.5" r="6" /><path d="M10 7v3.7l2.3 1.5M8 2.5h4" />`,
  empty: svg`<path d="M4 4v12M4 5.5h3M4 10h3M4 14.5h3" /><path d="M10 5.5h5M10 10h6M10 14.5h3" stroke-dasharray="1.5 2.5" />`,
};

/** An icon; it is decoration, so whoever uses it puts words beside it or a label on what it is in. */
export const icon = (name) =>
  html`<svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">${drawings[name] || nothing}</svg>`;

// Marks tell the tone of an answer by their form, so that nobody needs the colour: a ring, an arrow, a lozenge, a square.
const marks = {
  success: svg`<circle cx="6" cy="6" r="3.4" class="line" />`,
  redirect: svg`<path class="line" d="M2 6h7M6.3 3.2 9.2 6 6.3 8.8" />`,
  refused: svg`<path class="solid" d="M6 1.6 10.4 6 6 10.4 1.6 6z" />`,
  failed: svg`<rect class="solid" x="2" y="2" width="8" height="8" rx="1" /><path class="cut" d="m4.2 4.2 3.6 3.6M7.8 4.2 4.2 7.8" />`,
  info: svg`<circle cx="6" cy="6" r="1.7" class="solid" />`,
  close: svg`<path class="line" d="M3 3.4h6M3 8.6h6M6 3.4v5.2" />`,
  none: svg`<path class="line" d="M2.5 6h7" />`,
};

/** The mark of a tone (format.js) or of a Reason's kind. */
export const mark = (kind) =>
  html`<svg class="mark" data-tone=${kind || "info"} viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">${marks[kind] || marks.info}</svg>`;

/** A status with its mark; long adds its phrase: ◆ 404 Not Found. titled says whether the phrase is its title otherwise. */
export const status = (n, long = false, titled = !long) =>
  html`<span class="status" data-tone=${tone(n)} title=${titled ? phrase(n) : nothing}>${mark(tone(n))}<b>${n || "–"}</b>${long ? " " + phrase(n) : nothing}</span>`;

/** The sentences of Reasons by their ids, as far as the page has seen them: lists carry only ids. */
export const sentences = new Map();

/** A Reason: its id, with the sentence under it, or as its title when brief. */
export function reason(r, brief = false) {
  if (!r) return nothing;
  sentences.set(r.id, r.sentence);
  const id = html`<code class="reason-id" data-tone=${r.kind} title=${brief ? sentence(r.sentence) : nothing}>${r.id}</code>`;
  if (brief) return id;
  return html`<span class="reason">${mark(r.kind)}<span class="reason-words">${sentence(r.sentence)}</span> ${id}${standard(r.standard)}</span>`;
}

/** The section that asks for something, as a link when it is an RFC: it leads away, and only when somebody clicks it. */
export function standard(text) {
  if (!text) return nothing;
  const rfc = /^RFC (\d+)(?: §([\d.]+))?/.exec(text);
  if (!rfc) return html`<span class="standard">${text}</span>`;
  const where = `https://www.rfc-editor.org/rfc/rfc${rfc[1]}` + (rfc[2] ? `#section-${rfc[2]}` : "");
  return html`<a class="standard" href=${where} target="_blank" rel="noopener noreferrer" title="Opens rfc-editor.org">${text}</a>`;
}

/** A button that copies a text. */
export function copy(text, label = "Copy", classes = "small") {
  const run = async (e) => {
    const button = e.currentTarget;
    await toClipboard(typeof text === "function" ? text() : text);
    button.dataset.done = "";
    setTimeout(() => delete button.dataset.done, 1400);
  };
  return html`<button type="button" class=${"copy " + classes} @click=${run} title=${label === "" ? "Copy" : nothing}
    aria-label=${label === "" ? "Copy" : nothing}><span class="copy-icons">${icon("copy")}${icon("done")}</span>${label}</button>`;
}

async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without TLS and off the loopback there is no such interface; the old way still is.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "unseen";
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** A command line that can be copied. */
export const command = (text) =>
  html`<div class="command"><code tabindex="0">${text}</code>${copy(text, "", "quiet round")}</div>`;

/** Shown while something is awaited; it appears only when that takes a while. */
export const waiting = (text = "Asking the server …") => html`<p class="waiting" role="status"><span class="spinner"></span>${text}</p>`;

/** Shown when there is nothing: what that means, and what to do. */
export const empty = (title, text, more = nothing) =>
  html`<div class="blank">${icon("empty")}<h2>${title}</h2><p>${text}</p>${more}</div>`;

/** Shown when a question failed: what, what to do, and a button to try again. */
export const failure = (problem, again) =>
  html`<div class="blank bad" role="alert">${icon("unplugged")}<h2>${problem.message}</h2>
    ${problem.hint ? html`<p>${problem.hint}</p>` : nothing}
    ${again ? html`<button @click=${again}>${icon("again")}Try again</button>` : nothing}</div>`;

/** Links that download; each is [label, address]. */
export const downloads = (list) =>
  html`<span class="downloads">${list.map(([label, address]) => html`<a class="button small" href=${address} download>${icon("download")}${label}</a>`)}</span>`;
