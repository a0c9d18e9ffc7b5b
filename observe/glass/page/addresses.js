// The addresses of the page: #/NAME, #/NAME/ID or either with ?query.

/** An address as text, for links. */
export const href = (name, id, query) => {
  const q = query instanceof URLSearchParams ? query : new URLSearchParams(query);
  const text = q.toString();
  return "#/" + name + (id ? "/" + encodeURIComponent(id) : "") + (text ? "?" + text : "");
};

/** Where the browser is: { name, id, query }. */
export function whereTo() {
  const hash = location.hash.replace(/^#\/?/, "");
  const mark = hash.indexOf("?");
  const path = (mark < 0 ? hash : hash.slice(0, mark)).split("/");
  let id = path[1] || "";
  try {
    id = decodeURIComponent(id);
  } catch {
    // An id that is not encoded well names nothing, and the server says so.
  }
  return { name: path[0] || "journeys", id, query: new URLSearchParams(mark < 0 ? "" : hash.slice(mark + 1)) };
}
