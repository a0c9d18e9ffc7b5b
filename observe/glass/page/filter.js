// The filter of the list of journeys: typed tokens and free text, as a query of the API, as an address and as flags of the
// command line. All three have the same names.

import { html, nothing } from "./lib/lit-html.js";
import { quoted } from "./format.js";
import { icon } from "./parts.js";

/** What can be asked for, with what it means and an example. */
export const conditions = {
  site: ["of this site", "localhost"],
  host: ["for this host, with or without its port", "example.org"],
  path: ["with this path; * is any text", "/api/*"],
  method: ["with this method", "POST"],
  status: ["with this status, or of a class", "404 or 4xx"],
  client: ["of this address or network", "198.51.100.0/24"],
  peer: ["over a connection from here: a proxy, or the client", "192.0.2.10"],
  user: ["of the client that proved to be this user", "alice"],
  reason: ["with this Reason, or one that begins so", "resource.missing or resource."],
  slower: ["that took at least so long", "50ms"],
  connection: ["on the connection with this number", "12"],
};

const switches = ["failed", "slow"];

/** The query of a filter out of an address: only what is a condition, and nothing empty. */
export function clean(query) {
  const q = new URLSearchParams();
  for (const name of Object.keys(conditions)) {
    for (const value of query.getAll(name)) if (value) q.append(name, value);
  }
  for (const name of switches) if (query.has(name)) q.set(name, "1");
  if (query.get("text")) q.set("text", query.get("text"));
  return q;
}

/** The command line that asks the same. */
export function commandLine(q, follow = true) {
  const words = ["vitrine journeys"];
  if (follow) words.push("--follow");
  for (const [name, value] of q) words.push(switches.includes(name) ? "--" + name : `--${name} ${quoted(value)}`);
  return words.join(" ");
}

/** A token out of what was typed, [name, value], or undefined. Some names have a second spelling. */
function token(word) {
  const m = /^([a-z]+):(.+)$/s.exec(word);
  if (!m) return undefined;
  const name = { url: "path", target: "path", ip: "client", address: "client", took: "slower", duration: "slower", conn: "connection" }[m[1]] || m[1];
  if (name === "is" && switches.includes(m[2])) return [m[2], "1"];
  if (!conditions[name]) return undefined;
  let value = m[2];
  if (name === "slower") value = value.replace(/^[>≥=]+/, "").replace(/^([\d.]+)$/, "$1ms");
  if (name === "status") value = value.toLowerCase().replace(/^([1-5])(\*|x)?$/, "$1xx");
  if (name === "method") value = value.toUpperCase();
  return [name, value];
}

/**
 * The field with its tokens. changed(query) is told of a new filter, seen(name) gives [value, count] pairs for what can be
 * completed. It keeps what is typed; call set(query) when the address has changed.
 */
export function filterBar(draw, changed, seen) {
  let tokens = [], flags = new Set(), text = "", typed = "", open = false, chosen = -1, later;

  const query = () => {
    const q = new URLSearchParams();
    for (const name of Object.keys(conditions)) for (const [n, v] of tokens) if (n === name) q.append(n, v);
    for (const name of switches) if (flags.has(name)) q.set(name, "1");
    if (text) q.set("text", text);
    return q;
  };
  const tell = () => {
    clearTimeout(later);
    changed(query());
    draw();
  };
  const add = (t) => {
    if (switches.includes(t[0])) flags.add(t[0]);
    else if (!tokens.some(([n, v]) => n === t[0] && v === t[1])) tokens.push(t);
  };

  /** Words with a colon become tokens; what is left is free text. */
  const take = (all) => {
    const left = [];
    let took = false;
    for (const word of typed.split(/\s+/)) {
      const t = word && token(word);
      // The last word is still being typed, unless everything is to be taken.
      if (t && (all || !typed.endsWith(word))) {
        add(t);
        took = true;
      } else left.push(word);
    }
    if (took) typed = left.join(" ").replace(/^\s+/, "");
    const now = typed.split(/\s+/).filter((w) => !/^[a-z]+:/.test(w)).join(" ").trim();
    const differs = now !== text;
    text = now;
    return took ? 2 : differs ? 1 : 0;
  };

  const onInput = (e) => {
    typed = e.target.value;
    open = true;
    chosen = -1;
    const what = take(false);
    if (what === 2) {
      e.target.value = typed; // what was pasted with its space was never drawn, so drawing would not take it away
      tell();
    } else if (what === 1) {
      clearTimeout(later);
      later = setTimeout(tell, 250);
    }
    draw();
  };
  const onKey = (e) => {
    const list = open ? suggestions() : [];
    switch (e.key) {
      case "ArrowDown":
      case "ArrowUp":
        if (!list.length) {
          open = true;
          break;
        }
        e.preventDefault();
        chosen = (chosen + (e.key === "ArrowDown" ? 1 : -1) + list.length + 1) % (list.length + 1);
        if (chosen === list.length) chosen = -1;
        break;
      case "Tab":
        if (chosen < 0) {
          open = false;
          break;
        }
      // falls through
      case "Enter":
        e.preventDefault();
        if (chosen >= 0 && list[chosen]) choose(list[chosen]);
        else {
          open = false;
          if (take(true)) tell();
        }
        break;
      case "Backspace":
        if (typed === "" && (tokens.length || flags.size)) {
          if (tokens.length) tokens.pop();
          else flags.clear();
          tell();
        }
        break;
      case "Escape":
        if (open) {
          e.preventDefault();
          open = false;
        }
        break;
      default:
        return;
    }
    draw();
  };

  const suggestions = () => {
    const word = typed.split(/\s+/).at(-1);
    const m = /^([a-z]+):(.*)$/.exec(word);
    if (m && conditions[m[1]]) {
      const begun = m[2].toLowerCase();
      return seen(m[1]).filter(([v]) => v.toLowerCase().includes(begun)).slice(0, 8).map(([v, n]) => ({ name: m[1], value: v, n }));
    }
    return Object.entries(conditions).filter(([name]) => name.startsWith(word)).map(([name, [means, example]]) => ({ name, means, example }));
  };
  const choose = (s) => {
    const words = typed.split(/\s+/);
    words.pop();
    chosen = -1;
    if (s.value === undefined) {
      typed = [...words, s.name + ":"].join(" ");
      take(false);
    } else {
      typed = words.join(" ");
      add([s.name, s.value]);
      open = false;
      take(false);
      tell();
    }
    draw();
  };

  return {
    query,
    set(q) {
      tokens = Object.keys(conditions).flatMap((name) => q.getAll(name).map((v) => [name, v]));
      flags = new Set(switches.filter((name) => q.has(name)));
      text = typed = q.get("text") || "";
    },
    add(name, value) {
      add([name, value]);
      tell();
    },
    clear() {
      tokens = [];
      flags.clear();
      text = typed = "";
      tell();
    },
    some: () => tokens.length > 0 || flags.size > 0 || text !== "",
    template() {
      const list = open ? suggestions() : [];
      return html`<div class="filter" role="search" aria-label="Filter of journeys">
        <div class="filter-field" @click=${(e) => e.target === e.currentTarget && e.currentTarget.querySelector("input").focus()}>
          ${icon("search")}
          ${tokens.map(
            ([name, value], i) => html`<span class="token"><span class="token-name">${name}</span><span class="token-value">${value}</span><button type="button" class="quiet"
                aria-label=${"Remove " + name + " " + value} @click=${() => { tokens.splice(i, 1); tell(); }}>${icon("close")}</button></span>`,
          )}
          <input type="text" data-filter .value=${typed} @input=${onInput} @keydown=${onKey} @focus=${() => { open = true; draw(); }}
            @blur=${() => { open = false; chosen = -1; take(true) && tell(); draw(); }}
            placeholder=${tokens.length ? "" : "Filter: text, or status:4xx path:/api/* …"} aria-label="Filter: text, or name:value"
            role="combobox" aria-expanded=${open && list.length > 0} aria-controls="filter-list" aria-autocomplete="list"
            aria-activedescendant=${chosen >= 0 ? "filter-" + chosen : nothing} autocomplete="off" autocapitalize="off" spellcheck="false" enterkeyhint="search">
          ${tokens.length || typed || flags.size
            ? html`<button type="button" class="quiet round small filter-clear" @click=${() => this.clear()} aria-label="Clear the filter" title="Clear the filter">${icon("close")}</button>`
            : html`<kbd class="filter-key" aria-hidden="true">/</kbd>`}
        </div>
        <ul id="filter-list" role="listbox" aria-label="Conditions" ?hidden=${!open || list.length === 0}>
          ${list.map(
            (s, i) => html`<li role="option" id=${"filter-" + i} aria-selected=${i === chosen} @mousedown=${(e) => { e.preventDefault(); choose(s); }}>
              ${s.value === undefined
                ? html`<code>${s.name}:</code><span>${s.means}</span><code class="faint">${s.example}</code>`
                : html`<code>${s.value}</code><span></span><span class="faint">${s.n ? s.n.toLocaleString("en") : nothing}</span>`}</li>`,
          )}
        </ul>
        <div class="filter-switches">
          ${switches.map(
            (name) => html`<button type="button" class="switch" aria-pressed=${flags.has(name)} @click=${() => {
                if (!flags.delete(name)) flags.add(name);
                tell();
              }}>${name === "failed" ? html`<span class="switch-failed" aria-hidden="true"></span>` : icon("slow")}${name === "failed" ? "Failed" : "Slow"}</button>`,
          )}
        </div>
      </div>`;
    },
  };
}
