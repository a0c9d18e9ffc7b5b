// The page: its frame, its addresses and its keys. What it shows is in views.
//
// An address is #/NAME, #/NAME/ID or either with ?query. The table `views` says which module shows which name; it is loaded
// when it is first wanted. A view is a module with
//
//     export function view(context) → {
//       title        text: of the window ("" is the name's)
//       template()   what is shown, as lit-html's; called when the view or the page asks for it, at most once a frame
//       drawn()      optional: after template() is in the document, for what must be measured
//       update(at)   optional: the address has changed, and only its query. Without it the view is made anew
//       close()      optional: somebody left. End streams, timers and observers here
//       move(step, scrolls)  optional: j and k, or the arrow keys, with +1, -1, or ±Infinity for Home and End. scrolls says that
//                    the key would scroll the page; false leaves it to do so. Without move the focus goes through the elements
//                    with the attribute data-item
//       open()       optional: Enter in a list that move() goes through
//       back()       optional: Escape; true says that something was closed. Otherwise the address one up is shown
//       keys         optional: [{ key: "p", does: "pause or go on", run() }], shown by ? and called when no field has the focus
//     }
//
// and context is
//
//     at                   { name, id, query }: the address. query is a URLSearchParams
//     root                 the element that the view is drawn in
//     draw()               template() is drawn at the next frame
//     go(name, id, query)  goes to another address
//     keep(query)          writes the query into the address without a new entry in the history, and without update()
//     href(name, id, query) the address as text, for links
//     up()                 from one thing to the list that it was chosen from, as Escape does
//     status()             what /api/status said last, or undefined; the view is drawn again when it changes
//     say(text)            tells people who listen to the page instead of seeing it
//
// An element with the attribute data-filter is what / focuses. Whatever comes from the server goes into templates as values,
// so it is text and never HTML; nothing here makes HTML of a string. Colours of charts are in colours.js, what several views
// draw alike in parts.js, decisions.js, source.js and message.js.

import { html, nothing, render } from "./lib/lit-html.js";
import { get, link, onLink } from "./api.js";
import { ago, duration } from "./format.js";
import { failure, icon, waiting } from "./parts.js";
import { href, whereTo } from "./addresses.js";
import { showKeyHelp } from "./keyhelp.js";
import { nextTheme, theme } from "./themes.js";

const views = {
  journeys: { title: "Journeys", key: "j", load: () => import("./journeys.js"), one: () => import("./journey.js") },
  house: { title: "House", key: "h", load: () => import("./house.js") },
  sockets: { title: "Sockets", key: "s", load: () => import("./sockets.js") },
  explain: { title: "Explain", key: "e", load: () => import("./explain.js") },
  reasons: { title: "Reasons", key: "r", load: () => import("./reasons.js") },
};

const main = document.getElementById("view");
const bar = document.getElementById("bar");
const notice = document.getElementById("notice");
const dialogs = document.getElementById("dialogs");
const said = document.getElementById("said");

// --- The view that is shown ---

let shown; // { at, root, view, drawing }
let status, asking, unsigned;
const lists = {}; // the address that each list had last
const leftAt = {}; // how far each address was scrolled when it was left, to come back to it

function makeContext(at, root) {
  return {
    at,
    root,
    draw: () => draw(),
    go: (...to) => (location.hash = href(...to)),
    keep: (query) => {
      at.query = new URLSearchParams(query);
      history.replaceState(null, "", href(at.name, at.id, query));
      drawBar();
    },
    href,
    up: goUp,
    status: () => status,
    say,
  };
}

async function show() {
  const at = whereTo();
  const same = shown && shown.at.name === at.name && shown.at.id === at.id;
  if (same && shown.view?.update) {
    shown.at.query = at.query;
    shown.view.update(shown.at);
    drawBar();
    return;
  }
  leave();

  // Each view has an element of its own, so that nothing of the last one is left in it.
  const root = document.createElement("div");
  root.className = "view";
  root.dataset.view = at.id ? at.name + "-one" : at.name;
  main.replaceChildren(root);
  const mine = (shown = { at, root, view: undefined, asked: false });
  drawBar();
  closeMenu();
  render(waiting(), root);

  const known = views[at.name];
  try {
    const load = known && (at.id && known.one ? known.one : known.load);
    if (!load) throw Object.assign(new Error(`There is no page called “${at.name}”.`), { hint: "The pages are above." });
    const module = await load();
    if (shown !== mine) return;
    render(nothing, root);
    mine.view = module.view(makeContext(at, root));
    drawNow();
    window.scrollTo(0, leftAt[location.hash] || 0);
  } catch (e) {
    if (shown !== mine) return;
    console.error(e);
    render(html`<h1 class="unseen">${known?.title || at.name}</h1>${failure(e, () => show())}`, root);
  }
}

function leave() {
  if (!shown) return;
  leftAt[shown.hash] = window.scrollY;
  try {
    shown.view?.close?.();
  } catch (e) {
    console.error(e);
  }
  shown = undefined;
}

function draw() {
  if (!shown || shown.asked) return;
  const mine = shown;
  mine.asked = true;
  requestAnimationFrame(() => {
    mine.asked = false;
    if (mine === shown) drawNow();
  });
}

function drawNow() {
  if (!shown?.view) return;
  shown.hash = location.hash;
  if (!shown.at.id) lists[shown.at.name] = location.hash;
  render(shown.view.template(), shown.root);
  shown.view.drawn?.();
  const title = (shown.view.title || views[shown.at.name]?.title || "") + " · vitrine";
  if (document.title !== title) document.title = title;
}

function say(text) {
  said.textContent = "";
  requestAnimationFrame(() => (said.textContent = text));
}

// --- The bar ---

const glyphs = { journeys: "journeys", house: "house", sockets: "sockets", explain: "explain", reasons: "reasons" };

function drawBar() {
  const at = shown?.at || whereTo();
  render(
    html`
      <a class="brand" href="#/journeys" aria-label="vitrine, to the journeys">${icon("brand")}<span>vitrine</span></a>
      <nav aria-label="Pages">
        ${Object.entries(views).map(
          ([name, v]) => html`<a href=${"#/" + name} aria-current=${at.name === name ? "page" : nothing}
            aria-keyshortcuts=${"g " + v.key}>${icon(glyphs[name])}<span>${v.title}</span></a>`,
        )}
      </nav>
      <div class="server">
        ${status
          ? html`<span class="server-words" title=${serverTitle()}>
              <b>${status.network ? "own stack" : "kernel's sockets"}</b> · ${status.io}</span>`
          : nothing}
        <span class="pulse" data-state=${link.state} role="img" title=${linkTitle()} aria-label=${linkTitle()}></span>
        <button class="quiet round" @click=${changeTheme} title=${"Theme: " + theme() + ". Change (t)"}
          aria-label=${"Theme: " + theme() + ". Change"}>${icon(theme() === "system" ? "halved" : theme() === "dark" ? "moon" : "sun")}</button>
        <button class="quiet round keys-button" @click=${showKeys} title="Keys (?)" aria-label="Keys">${icon("keys")}</button>
      </div>
    `,
    bar,
  );
}

function serverTitle() {
  const s = status;
  return [
    "vitrine " + s.version + ", process " + s.pid,
    "started " + ago(s.started),
    s.network ? "network: " + s.network : "",
    s.addresses?.length ? "listens on " + s.addresses.join(", ") : "",
    s.config?.length ? "configuration: " + s.config.join(", ") : "",
  ].filter(Boolean).join("\n");
}

function linkTitle() {
  return { there: "The server answers", gone: "The server does not answer" }[link.state] || "Asking the server";
}

function drawNotice() {
  render(
    unsigned
      ? html`<p class="notice bad">${icon("unplugged")}<span><b>The server wants its token again.</b> What is shown is what was known before.</span>
          <button class="small" @click=${() => location.reload()}>Sign in</button></p>`
      : link.state === "gone"
      ? html`<p class="notice bad">${icon("unplugged")}
          <span><b>The server does not answer</b>, since ${ago(link.since)}. What is shown is what was known then. It is asked again
            every few seconds.</span>
          <button class="small" @click=${() => askStatus()}>Ask now</button></p>`
      : nothing,
    notice,
  );
}

onLink(() => {
  drawBar();
  drawNotice();
});

// --- The server's status: every five seconds, since there is little in it that changes ---

async function askStatus() {
  clearTimeout(asking);
  try {
    const was = status?.started;
    status = await get("status");
    if (was && was !== status.started) say("The server was started anew.");
    drawBar();
    if (shown?.view) draw();
    unsigned = false;
  } catch (e) {
    unsigned = e.status === 401; // otherwise nobody answered
  }
  drawNotice();
  asking = setTimeout(askStatus, link.state === "gone" ? 2000 : 5000);
}

// --- The theme ---

function changeTheme() {
  const next = nextTheme();
  drawBar();
  say("Theme: " + next);
}

// --- Keys ---

let went; // "g" was pressed at this time

function isField(e) {
  const t = e.target;
  return t instanceof HTMLElement && (t.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(t.tagName));
}

function onKey(e) {
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey) return;
  const dialog = dialogs.querySelector("dialog[open]");
  if (dialog) {
    if (e.key === "?") dialog.close();
    return; // Escape is the dialog's own
  }
  if (isField(e)) {
    if (e.key === "Escape") e.target.blur();
    return;
  }
  const view = shown?.view;
  if (went && e.timeStamp - went < 1500) {
    went = undefined;
    const to = Object.keys(views).find((name) => views[name].key === e.key);
    if (to) {
      e.preventDefault();
      location.hash = "#/" + to;
      return;
    }
  }
  const own = view?.keys?.find((k) => k.key === e.key);
  if (own) {
    e.preventDefault();
    own.run();
    return;
  }
  switch (e.key) {
    case "g":
      went = e.timeStamp;
      break;
    case "/": {
      const field = main.querySelector("[data-filter]");
      if (!field) return;
      e.preventDefault();
      field.focus();
      field.select?.();
      break;
    }
    case "?":
      showKeys();
      break;
    case "t":
      changeTheme();
      break;
    case "j":
    case "k":
    case "ArrowDown":
    case "ArrowUp":
    case "Home":
    case "End": {
      const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1, Home: -Infinity, End: Infinity }[e.key];
      if (move(view, step, e.key.length > 1)) e.preventDefault();
      break;
    }
    case "Enter":
      if (view?.open && !e.target.closest?.("a, button, summary")) {
        e.preventDefault();
        view.open();
      }
      break;
    case "Escape":
      if (view?.back?.()) return;
      if (shown?.at.id) goUp();
      break;
  }
}

/** Moves in the view's list, or the focus among its items. With a key that scrolls it only does so inside a list. */
function move(view, step, scrolls) {
  if (view?.move) return view.move(step, scrolls) !== false;
  const items = [...main.querySelectorAll("[data-item]")].filter((i) => i.offsetParent !== null);
  const now = items.indexOf(document.activeElement?.closest?.("[data-item]"));
  if (items.length === 0 || (scrolls && now < 0)) return false;
  const next = items[Math.max(0, Math.min(items.length - 1, now < 0 ? 0 : now + step))];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

/** From one thing to the list that it was chosen from, with the filter that it had. */
function goUp() {
  const list = lists[shown.at.name] || "#/" + shown.at.name;
  if (cameFrom === list) history.back();
  else location.hash = list;
}

let cameFrom = "", now = location.hash;
window.addEventListener("hashchange", () => {
  cameFrom = now;
  now = location.hash;
  show();
});

function closeMenu() {
  dialogs.querySelector("dialog[open]")?.close();
}

function showKeys() {
  showKeyHelp(views, shown?.view?.keys, dialogs);
}

document.addEventListener("keydown", onKey);
document.querySelector(".skip").addEventListener("click", (e) => {
  e.preventDefault(); // its address would be one of ours
  main.focus();
});

render(nothing, main);
main.replaceChildren();
drawBar();
askStatus();
show();
