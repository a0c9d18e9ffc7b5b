// Explain: how a request would be answered, and why; and two of them side by side, or one that was recorded beside what would
// be answered now. The whole question is in the address, so that it can be given to somebody else.

import { html, nothing } from "./lib/lit-html.js";
import { get } from "./api.js";
import { ago, peerAddress, phrase, quoted, readable, sentence, tone } from "./format.js";
import { command, copy, failure, icon, mark, standard, waiting } from "./parts.js";
import { decisions } from "./decisions.js";
import { message } from "./message.js";
import { position } from "./source.js";
import { comparison } from "./compare.js";

/** The question with a prefix in a query: "" is the first, "b." the second. */
function question(q, prefix = "") {
  return {
    url: q.get(prefix + "url") || "",
    method: q.get(prefix + "method") || "GET",
    header: q.getAll(prefix + "header").join("\n"),
    from: q.get(prefix + "from") || "",
    old: q.get(prefix + "old") === "1",
  };
}

function write(into, x, prefix = "") {
  if (x.url) into.set(prefix + "url", x.url);
  if (x.method && x.method !== "GET") into.set(prefix + "method", x.method);
  for (const line of lines(x.header)) into.append(prefix + "header", line);
  if (x.from) into.set(prefix + "from", x.from);
  if (x.old) into.set(prefix + "old", "1");
  return into;
}

const lines = (text) => text.split("\n").map((l) => l.trim()).filter(Boolean);
const ask = (x, signal) => get("explain", write(new URLSearchParams({ method: x.method }), x), { signal });

/** The same on a terminal. */
const onTerminal = (x) =>
  ["vitrine explain", x.method !== "GET" ? "-X " + quoted(x.method) : "", ...lines(x.header).map((h) => "-H " + quoted(h)), x.from ? "--from " + quoted(x.from) : "",
    x.old ? "--http1.0" : "", quoted(x.url)].filter(Boolean).join(" ");

/** Without a scheme a host is meant, and http. */
const whole = (url) => (url && !/^[a-z][a-z0-9+.-]*:\/\//i.test(url) && !url.startsWith("/") ? "http://" + url : url);

export function view(context) {
  let first, second, journey, comparing; // what is in the form
  let a = null, b = null, problemA = null, problemB = null, recorded = null, notes = [];
  let asking = null, running = false;

  read();

  function read() {
    const q = context.at.query;
    first = question(q);
    second = question(q, "b.");
    journey = q.get("journey") || "";
    comparing = journey !== "" || q.get("compare") === "1" || [...q.keys()].some((k) => k.startsWith("b."));
    run();
  }

  const address = (one, two, id) => {
    const q = new URLSearchParams();
    if (id) q.set("journey", id);
    else write(q, one);
    if (two) {
      write(q, two, "b.");
      if (!id) q.set("compare", "1");
    }
    return q;
  };

  // --- Asking ---

  async function run() {
    asking?.abort();
    const mine = (asking = new AbortController());
    a = b = problemA = problemB = recorded = null;
    notes = [];
    if (!journey && !first.url) {
      context.draw();
      return;
    }
    running = true;
    context.draw();
    const settle = async (f) => {
      try {
        return [await f(), null];
      } catch (p) {
        return [null, p];
      }
    };
    if (journey) {
      const [j, problem] = await settle(() => get("journeys/" + encodeURIComponent(journey), {}, { signal: mine.signal }));
      if (mine.signal.aborted) return;
      if (j) {
        recorded = j;
        a = ofJourney(j);
        if (!second.url) second = questionOf(j);
      } else problemA = problem;
    }
    const wants = [journey ? null : first, comparing && second.url ? second : null];
    const [[ra, pa], [rb, pb]] = await Promise.all(wants.map((x) => (x ? settle(() => ask({ ...x, url: whole(x.url) }, mine.signal)) : [null, null])));
    if (mine.signal.aborted) return;
    if (!journey) [a, problemA] = [ra, pa];
    [b, problemB] = [rb, pb];
    running = false;
    const said = a && !b ? a : b || a;
    if (said) context.say(said.status ? `${said.status} ${phrase(said.status)}` : "no response");
    context.draw();
  }

  /** A recorded journey in the form of an explanation. */
  function ofJourney(j) {
    // Of the line that is responsible a summary has only the text; a decision has the place.
    const at = j.events?.find((e) => e.position && e.position.text === j.position)?.position;
    return { ...j, position: at, from: peerAddress(j), recorded: true, noEvents: j.no_events, title: `recorded ${ago(j.start)}` };
  }

  /** The question that a recorded journey was. What is secret was not kept, and so is not asked. */
  function questionOf(j) {
    const left = new Set(["host", "content-length", "transfer-encoding"]);
    const hidden = j.request.fields.filter((f) => f.hidden).map((f) => f.name);
    if (hidden.length) notes.push(`The value of ${hidden.join(", ")} was not recorded, so the dry run asks without it.`);
    if (j.request.cut) notes.push("The request's head was not recorded whole.");
    return {
      url: /^[a-z]+:\/\//i.test(j.target) ? j.target : (j.scheme || "http") + "://" + (j.host || j.connection.local) + (j.target.startsWith("/") ? j.target : "/"),
      method: j.method || "GET",
      header: j.request.fields.filter((f) => !f.hidden && !left.has(f.name.toLowerCase())).map((f) => f.name + ": " + f.value).join("\n"),
      from: peerAddress(j),
      old: j.protocol === "HTTP/1.0",
    };
  }

  const submit = (e) => {
    e?.preventDefault();
    first.url = whole(first.url.trim());
    second.url = whole(second.url.trim());
    if (!journey && !first.url) return;
    const q = address(first, comparing ? second : null, journey);
    if (q.toString() === context.at.query.toString()) run();
    else context.go("explain", "", q);
  };

  const compare = () => {
    comparing = true;
    second = { ...first };
    context.draw();
    requestAnimationFrame(() => requestAnimationFrame(() => context.root.querySelector('[data-form="b"] .url')?.focus()));
  };

  const alone = () => context.go("explain", "", address(journey ? second : first));
  const swap = () => context.go("explain", "", address(second, first));

  // --- The form ---

  const methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"];

  const form = (x, which, legend) => {
    const set = (name) => (e) => {
      x[name] = e.target.type === "checkbox" ? e.target.checked : e.target.value;
      if (name !== "url") context.draw();
    };
    const more = lines(x.header).length + (x.from ? 1 : 0) + (x.old ? 1 : 0);
    return html`<fieldset class="asking" data-form=${which}>
        ${legend ? html`<legend><span class="side-name" data-side=${which}>${legend}</span></legend>` : nothing}
        <div class="asking-line">
          <input class="method" list="methods" aria-label="Method" .value=${x.method} @change=${set("method")} spellcheck="false" autocapitalize="characters">
          <input class="url" type="text" inputmode="url" aria-label="URL" placeholder="http://localhost:8080/a/page" .value=${x.url} @input=${set("url")}
            spellcheck="false" autocapitalize="none" autocomplete="off" ?data-filter=${which === "a" || !!journey}>
        </div>
        <details class="asking-more" ?open=${more > 0}>
          <summary>${icon("next")}Header fields, client, version${more ? html` <span class="chip">${more}</span>` : nothing}</summary>
          <div class="asking-fields">
            <label>Header fields, one a line<textarea rows=${Math.min(8, Math.max(3, lines(x.header).length + 1))} placeholder=${'If-None-Match: "abc"\nAccept-Language: de'} .value=${x.header} @change=${set("header")}
              spellcheck="false" autocapitalize="none" @keydown=${(e) => e.key === "Enter" && (e.ctrlKey || e.metaKey) && (set("header")(e), submit())}></textarea></label>
            <div class="asking-client">
              <label>Client's address<input type="text" placeholder="this machine" .value=${x.from} @change=${set("from")} spellcheck="false"></label>
              <label class="check"><input type="checkbox" .checked=${x.old} @change=${set("old")}> as HTTP/1.0</label>
            </div>
          </div>
        </details>
      </fieldset>`;
  };

  const forms = () => html`<form class="pane asking-pane" @submit=${submit}>
      <datalist id="methods">${methods.map((m) => html`<option value=${m}></option>`)}</datalist>
      <div class="asking-forms" ?data-two=${comparing}>
        ${journey
          ? html`<div class="asking" data-form="a"><p class="legend-like"><span class="side-name" data-side="a">recorded</span></p>
              ${recorded
                ? html`<p class="recorded"><a href=${context.href("journeys", journey)}>${icon("journeys")}<code>${readable(recorded.request.line || recorded.method + " " + recorded.target)}</code></a></p>
                  <p class="faint">${ago(recorded.start)}, from <code>${recorded.client}</code>, journey <code>${journey}</code></p>`
                : html`<p class="faint">Journey <code>${journey}</code></p>`}
            </div>`
          : form(first, "a", comparing ? "the first" : "")}
        ${comparing ? form(second, "b", journey ? "a dry run of now" : "the second") : nothing}
      </div>
      <div class="asking-foot">
        <button class="primary" type="submit">${icon("explain")}${comparing ? "Compare" : "Explain"}</button>
        ${comparing
          ? html`<button type="button" class="quiet" @click=${alone}>${icon("close")}${journey ? "Only the dry run" : "Only the first"}</button>
            ${journey ? nothing : html`<button type="button" class="quiet" @click=${swap}>Swap them</button>`}`
          : html`<button type="button" @click=${compare}>${icon("plus")}Compare with another</button>`}
        <span class="asking-share">${a || b ? copy(() => location.href, "Copy the link", "small quiet") : nothing}</span>
      </div>
    </form>`;

  // --- What is answered ---

  const verdict = (x) => html`<section class="pane verdict" data-tone=${tone(x.status)}>
      <p class="verdict-status">${mark(tone(x.status))}<b>${x.status || "No response"}</b> ${x.status ? phrase(x.status) : ""}</p>
      <div class="verdict-why">
        ${x.verdict
          ? html`<p class="verdict-sentence">${sentence(x.verdict.reason.sentence)}</p>
            <p><a class="plain" href=${context.href("reasons", "", { id: x.verdict.reason.id })}><code class="reason-id" data-tone=${x.verdict.reason.kind}>${x.verdict.reason.id}</code></a> ${standard(x.verdict.reason.standard)}</p>`
          : html`<p class="verdict-sentence">${x.status ? "" : "No byte would be read, or none sent."}</p>`}
        ${x.position || x.verdict?.position ? html`<div class="verdict-line">${position(x.position || x.verdict.position, { open: true, around: 3 })}</div>` : nothing}
        <p class="faint verdict-more">${x.from ? html`From <code>${x.from}</code>` : nothing}${x.to ? html` to <code>${x.to}</code>` : nothing}${x.from || x.to ? ". " : ""}${
          !x.status ? nothing : x.ending ? html`Afterwards: ${lower(x.ending.sentence)} <code>${x.ending.id}</code>` : html`Afterwards the connection ${x.keep ? "stays open" : "ends"}.`}</p>
      </div>
    </section>`;

  const one = (x) => html`${verdict(x)}${comparing ? nothing : variations(x)}
    <div class="explain-columns">
      <section class="pane"><header><h2>Decisions</h2><p>in the order they are taken</p></header><div>${
        x.events?.length ? decisions(x.events, { verdict: x.verdict, times: false }) : html`<p class="pane-body faint">None was taken.</p>`}</div></section>
      <div class="explain-messages">
        <section class="pane"><header><h2>Response</h2><p>${x.response.body ? `${x.response.body.toLocaleString("en")} bytes of body` : ""}</p></header><div>${message(x.response, "response", false)}
          ${x.body ? html`<details class="body-text" open><summary>The beginning of the body</summary><pre tabindex="0">${x.body}</pre></details>` : nothing}</div></section>
        <section class="pane"><header><h2>Request</h2></header><div>${message(x.request, "request", false)}</div></section>
        <section class="pane"><header><h2>The same on a terminal</h2></header><div class="pane-body">${command(onTerminal({ ...first, url: whole(first.url) }))}</div></section>
      </div>
    </div>`;

  // Questions that people ask next, as comparisons with this one.
  const variations = (x) => {
    const out = [], add = (text, change) => out.push([text, address(first, { ...first, ...change })]);
    const plus = (line) => ({ header: [...lines(first.header), line].join("\n") });
    const etag = x.response.fields.find((f) => f.name.toLowerCase() === "etag")?.value;
    if (etag && !/^if-none-match/im.test(first.header)) add("with its ETag, as a browser asks again", plus("If-None-Match: " + etag));
    if (x.status === 200 && x.response.body > 1 && !/^range/im.test(first.header)) add("for its first 100 bytes", plus("Range: bytes=0-99"));
    if (first.method === "GET") add("with POST", { method: "POST" });
    if (!first.from) add("from a stranger's address", { from: "203.0.113.9" });
    if (!first.old) add("as HTTP/1.0", { old: true });
    try {
      const u = new URL(first.url);
      if (u.pathname.length > 1) add(u.pathname.endsWith("/") ? "without the slash at its end" : "with a slash at its end", { url: u.origin + (u.pathname.endsWith("/") ? u.pathname.slice(0, -1) : u.pathname + "/") + u.search });
    } catch {
      // It is no URL that a browser knows, so there is no other spelling of it to offer.
    }
    return html`<p class="variations"><span class="faint">Compare with the same</span> ${out.map(([text, q]) => html`<a class="chip" href=${context.href("explain", "", q)}>${text}</a> `)}</p>`;
  };

  const examples = () => {
    const s = context.status(), out = [];
    const port = (s?.addresses || []).map((x) => /:(\d+)$/.exec(x)?.[1]).find(Boolean);
    for (const site of s?.sites || []) {
      const host = site.replace(/^\*\./, "any.");
      if (/^[\w.-]+$/.test(host)) for (const path of ["/", "/missing"]) out.push("http://" + (/:\d+$/.test(host) || !port || port === "80" ? host : host + ":" + port) + path);
    }
    if (!out.length) out.push(`http://localhost${port && port !== "80" ? ":" + port : ""}/`);
    return html`<div class="explain-blank">
        <p>Type a URL, and see what the server would answer: which listener, site and route, which file, which fields and by which line of the
          configuration. Nothing is sent, and no request is counted: only the Reasons are, as those of every decision.</p>
        <p class="variations"><span class="faint">For instance</span> ${out.slice(0, 4).map((url) => html`<a class="chip" href=${context.href("explain", "", { url })}>${url}</a> `)}</p>
        <p class="faint">Was something answered in another way than you expected? Open its journey and compare it with what would be answered now, or compare two
          requests here.</p>
      </div>`;
  };

  const bad = (problem, title) => html`<div class="pane">${title ? html`<p class="pane-body faint">${title}</p>` : nothing}${failure(problem, run)}</div>`;

  const result = () => {
    if (running) return waiting("Asking …");
    if (!a && !b && !problemA && !problemB) return journey || first.url ? nothing : examples();
    const noted = notes.length ? html`<p class="stale">${notes.map((n) => html`${mark("refused")} ${n} `)}</p>` : nothing;
    if (!comparing) return problemA ? bad(problemA) : one(a);
    if (problemA || problemB) {
      return html`${problemA ? bad(problemA, journey ? "The recorded journey" : "The first") : one(a)}${problemB ? bad(problemB, "The second") : nothing}`;
    }
    if (!b) return one(a);
    return html`${noted}${comparison(a, b, journey ? ["the recorded one", "the dry run"] : ["the first", "the second"])}`;
  };

  return {
    title: "Explain",
    template: () => html`<div class="view-head"><h1>Explain</h1><p>${comparing ? "Why not the way I expected?" : "How a request would be answered, and why."}</p></div>
      ${forms()}<div class="explained" aria-live="off">${result()}</div>`,
    drawn() {
      if (!context.at.query.toString() && document.activeElement === document.body && matchMedia("(hover: hover)").matches) context.root.querySelector(".url")?.focus({ preventScroll: true });
    },
    update: read,
    close: () => asking?.abort(),
    back() {
      if (!comparing) return false;
      alone();
      return true;
    },
    keys: [{ key: "c", does: "compare with another request", run: () => (comparing ? undefined : compare()) }],
  };
}

const lower = (text) => (/^[A-Z]{2}/.test(text) ? text[0] : text[0].toLowerCase()) + sentence(text).slice(1);
