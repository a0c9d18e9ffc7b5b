// Asking the server: JSON, streams, and whether it is still there.
//
//   await get("journeys", query)       the JSON of /api/journeys, or throws a Problem with message and hint
//   address("journeys/har", query)     the same address as text, for links
//   stream(() => ["house/stream", q], { house: data => … }, state => …)   → a function that ends it
//   link.state, link.since, onLink(f)  "waiting", "there" or "gone"
//
// A query is a URLSearchParams, or an object whose values are texts, numbers, booleans or arrays of them; what is empty or
// false is left out. Addresses are relative, so that the page works behind a path of somebody else's.

/** What went wrong with a question, in the server's words: message says what, hint what to do. */
export class Problem extends Error {
  constructor(message, hint = "", status = 0) {
    super(message);
    this.hint = hint;
    this.status = status; // 0: nobody answered
  }
}

const link = { state: "waiting", since: Date.now(), retry: 0 };
export { link };

const watchers = new Set();

/** Calls f now and whenever the server has gone or come back. The result ends it. */
export function onLink(f) {
  watchers.add(f);
  f(link);
  return () => watchers.delete(f);
}

function setLink(state, retry = 0) {
  if (link.state !== state) link.since = Date.now();
  else if (link.retry === retry) return;
  link.state = state;
  link.retry = retry;
  for (const f of watchers) f(link);
}

/** The address of a question, as text. */
export function address(path, query) {
  const q = query instanceof URLSearchParams ? query : new URLSearchParams();
  if (q !== query && query) {
    for (const [name, value] of Object.entries(query)) {
      for (const v of Array.isArray(value) ? value : [value]) {
        if (v === undefined || v === null || v === false || v === "") continue;
        q.append(name, v === true ? "1" : String(v));
      }
    }
  }
  const text = q.toString();
  return "api/" + path + (text ? "?" + text : "");
}

/** Asks, and answers with the JSON. options are those of fetch, for instance { signal }. */
export async function get(path, query, options) {
  let response;
  try {
    response = await fetch(address(path, query), { headers: { Accept: "application/json" }, cache: "no-store", ...options });
  } catch (e) {
    if (e.name === "AbortError") throw e;
    setLink("gone");
    throw new Problem("The server does not answer.", "It may have been stopped, or its admin listener was moved.");
  }
  setLink("there");
  const type = response.headers.get("Content-Type") || "";
  const body = type.includes("json") ? await response.json() : await response.text();
  if (response.ok) return body;
  if (body && body.error) throw new Problem(body.error, body.hint, response.status);
  throw new Problem(`The server answered ${response.status} ${response.statusText}.`, "", response.status);
}

const again = [300, 700, 1500, 3000, 5000]; // ms between attempts
const hiddenFor = 20000; // ms after which a page that nobody sees gives its stream up: browsers have six connections a host

/**
 * Follows a stream of events and comes back when it breaks. where() is asked at every attempt for [path, query], so that a
 * stream can go on from where it was. events are functions by the name of an event, called with its data. state is told
 * "opening", "open", "broken" or "asleep" (nobody looks at the page). The result ends the stream.
 */
export function stream(where, events, state = () => {}) {
  let source, timer, tries = 0, over = false;

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const broken = () => {
    close();
    if (over) return;
    state("broken");
    const wait = again[Math.min(tries++, again.length - 1)];
    setLink("gone", Date.now() + wait);
    timer = setTimeout(open, wait);
  };
  const open = () => {
    close();
    state("opening");
    source = new EventSource(address(...where()));
    source.onopen = () => {
      tries = 0;
      setLink("there");
      state("open");
    };
    source.onerror = broken;
    source.addEventListener("end", broken);
    for (const [name, f] of Object.entries(events)) {
      source.addEventListener(name, (e) => f(JSON.parse(e.data)));
    }
  };
  const seen = () => {
    if (over) return;
    if (!document.hidden) {
      clearTimeout(timer);
      if (!source) open();
      return;
    }
    timer = setTimeout(() => {
      close();
      state("asleep");
    }, hiddenFor);
  };

  document.addEventListener("visibilitychange", seen);
  open();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", seen);
    close();
  };
}
