// Numbers and times as people read them. Spans come in microseconds, sizes in bytes, times of day as RFC 3339.

const thin = "\u202f"; // narrow no-break space: between a number and its unit

/** 3 significant digits of n, never in powers of ten: 0.42, 3.14, 31.4, 314, 3142. */
function digits(n) {
  const a = Math.abs(n);
  if (a >= 100 || a === 0) return Math.round(n).toString();
  if (a >= 10) return n.toFixed(1);
  return n.toFixed(2);
}

/** A span of time: 3.2 µs, 1.24 ms, 12.5 s, 3 min 20 s, 2 h 5 min, 4 d 2 h. */
export function duration(us) {
  if (us === undefined || us === null || Number.isNaN(us)) return "–";
  const sign = us < 0 ? "−" : "";
  const a = Math.abs(us);
  if (a === 0) return "0" + thin + "µs";
  if (a < 999.5) return sign + digits(a) + thin + "µs";
  if (a < 999.5e3) return sign + digits(a / 1e3) + thin + "ms";
  if (a < 59.95e6) return sign + digits(a / 1e6) + thin + "s";
  const s = Math.round(a / 1e6);
  if (s < 3600) return sign + Math.floor(s / 60) + thin + "min" + (s % 60 ? " " + (s % 60) + thin + "s" : "");
  const m = Math.floor(s / 60);
  if (m < 1440) return sign + Math.floor(m / 60) + thin + "h" + (m % 60 ? " " + (m % 60) + thin + "min" : "");
  const h = Math.floor(m / 60);
  return sign + Math.floor(h / 24) + thin + "d" + (h % 24 ? " " + (h % 24) + thin + "h" : "");
}

/** A span without loss, for titles: 1,243.5 µs. */
export const exactly = (us) => us.toLocaleString("en", { maximumFractionDigits: 3 }) + thin + "µs";

/** A moment relative to the beginning: +1.24 ms, −340 µs, 0. */
export function moment(us) {
  if (us === 0) return "0";
  return (us > 0 ? "+" : "") + duration(us);
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A size: 512 B, 1.21 KiB, 32 MiB. */
export function bytes(n) {
  if (n === undefined || n === null) return "–";
  let i = 0, v = n;
  while (Math.abs(v) >= 1024 && i < units.length - 1) {
    v /= 1024;
    i++;
  }
  return (i === 0 || Number.isInteger(v) ? v.toString() : digits(v)) + thin + units[i];
}

const grouped = new Intl.NumberFormat("en");

/** A count with its thousands grouped: 12,345. */
export const count = (n) => grouped.format(n);

/** n things: "1 request", "3 requests". */
export const plural = (n, one, many = one + "s") => count(n) + " " + (n === 1 ? one : many);

/** A rate or another level that need not be exact: 3.2, 640, 12.4k, 1.2M. */
export function compact(n) {
  const a = Math.abs(n);
  if (a < 10) return Number.isInteger(n) ? n.toString() : n.toFixed(1);
  if (a < 1000) return Math.round(n).toString();
  if (a < 1e6) return digits(n / 1e3) + "k";
  if (a < 1e9) return digits(n / 1e6) + "M";
  return digits(n / 1e9) + "G";
}

const two = (n) => (n < 10 ? "0" : "") + n;
const three = (n) => (n < 10 ? "00" : n < 100 ? "0" : "") + n;

/** The time of day with milliseconds, here: 14:03:07.123. It is written by hand since a list shows thousands of them. */
export function clock(t) {
  const d = t instanceof Date ? t : new Date(t);
  return two(d.getHours()) + ":" + two(d.getMinutes()) + ":" + two(d.getSeconds()) + "." + three(d.getMilliseconds());
}

/** Date and time of day, here. */
export function dateTime(t) {
  const d = t instanceof Date ? t : new Date(t);
  return d.getFullYear() + "-" + two(d.getMonth() + 1) + "-" + two(d.getDate()) + " " + clock(d);
}

/** The span from one time of day to another, in microseconds, without losing what Date does not keep. */
export function between(from, to) {
  const fine = (t) => Number(((/\.(\d+)/.exec(t) || [])[1] || "0").padEnd(9, "0").slice(0, 9)) / 1e3;
  const whole = (t) => Date.parse(t.replace(/\.\d+/, ""));
  return (whole(to) - whole(from)) * 1e3 + fine(to) - fine(from);
}

/** How long ago: "just now", "12 s ago", "3 min ago", "2 h ago", "4 d ago". */
export function ago(t, now = Date.now()) {
  const s = Math.round((now - new Date(t).getTime()) / 1000);
  if (s < 2) return "just now";
  if (s < 90) return s + thin + "s ago";
  if (s < 5400) return Math.round(s / 60) + thin + "min ago";
  if (s < 129600) return Math.round(s / 3600) + thin + "h ago";
  return Math.round(s / 86400) + thin + "d ago";
}

const phrases = {
  100: "Continue", 101: "Switching Protocols", 103: "Early Hints", 200: "OK", 201: "Created", 202: "Accepted",
  204: "No Content", 206: "Partial Content", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
  307: "Temporary Redirect", 308: "Permanent Redirect", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden",
  404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout", 409: "Conflict", 410: "Gone",
  411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large", 414: "URI Too Long",
  415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed", 421: "Misdirected Request",
  422: "Unprocessable Content", 426: "Upgrade Required", 429: "Too Many Requests", 431: "Request Header Fields Too Large",
  500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
  504: "Gateway Timeout", 505: "HTTP Version Not Supported",
};

/** What a status is called (RFC 9110 §15): "Not Found". 0 is "no response". */
export const phrase = (status) => (status === 0 ? "no response" : phrases[status] || "");

/**
 * What a status means, as a word for classes and marks: "success", "redirect", "refused" (the client's fault or a rule),
 * "failed" (the server's), "info", and "none" when no response was sent.
 */
export function tone(status) {
  if (status >= 500) return "failed";
  if (status >= 400) return "refused";
  if (status >= 300) return "redirect";
  if (status >= 200) return "success";
  if (status >= 100) return "info";
  return "none";
}

/** A sentence as a sentence: its first letter large, a full stop at its end. */
export function sentence(text) {
  if (!text) return "";
  const s = text[0].toUpperCase() + text.slice(1);
  return /[.!?]$/.test(s) ? s : s + ".";
}

/** a word quoted for a shell, when it needs it. What would command a terminal, when it is pasted, is written in escapes. */
export function quoted(word) {
  if (/^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word)) return word;
  if (!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(word)) return "'" + word.replaceAll("'", `'\\''`) + "'";
  const escaped = word.replace(/[\\']/g, "\\$&").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) =>
    [...new TextEncoder().encode(c)].map((byte) => "\\x" + byte.toString(16).padStart(2, "0")).join(""));
  return "$'" + escaped + "'";
}

/** A client's words as they can be read: what is invisible, or turns the direction of the text, is written as its number. */
export const readable = (text) => (text || "").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) => "\\u{" + c.codePointAt(0).toString(16) + "}");

/** A client's address without its port, where it has one: what proxies say of a client often has none. */
export function clientAddress(client) {
  if (client.startsWith("[")) return client.slice(1, client.lastIndexOf("]"));
  const i = client.indexOf(":");
  return i < 0 || client.indexOf(":", i + 1) > 0 ? client : client.slice(0, i);
}

/** The address of a journey's connection: that of a proxy, where one stands before the client. */
export const peerAddress = (journey) => clientAddress(journey.peer || journey.client);
