// What the layers of the server are, for people: the floors of the house, and the first words of Reasons' ids.

/** Groups of Reasons by the first word of their id, from the wire upwards: [word, title, sentence]. */
export const groups = [
  ["link", "Link", "The network adapter: where frames come in and go out."],
  ["ethernet", "Ethernet", "The frame around each packet: who sent it to whom on this link."],
  ["arp", "ARP", "Asking the link who has an IPv4 address."],
  ["neighbor", "Neighbours", "Which link address belongs to which IP address, and whether it can still be reached."],
  ["ip", "IP", "Packets: whether they are well formed, meant for this server, and whole."],
  ["ipv4", "IPv4", "The header of IPv4, its options and its fragments."],
  ["ipv6", "IPv6", "The header of IPv6, its extension headers and its fragments."],
  ["icmp", "ICMP", "Messages about packets: echo, unreachable, too big, and neighbour discovery."],
  ["udp", "UDP", "Datagrams."],
  ["segment", "TCP segments", "The header of a TCP segment, before anybody asks which connection it belongs to."],
  ["tcp", "TCP", "A connection as a machine: how it opens, carries bytes in order, and closes."],
  ["recovery", "Loss recovery", "What is in flight, what was lost, and how fast it may be sent again."],
  ["stack", "Stack", "The server's own TCP/IP stack as a whole: its tables, limits and timers."],
  ["socket", "Sockets", "Where connections are handed to the server."],
  ["listener", "Listeners", "The addresses and ports that connections come to."],
  ["clients", "Clients", "The networks that may connect, or may not."],
  ["accept", "Accept", "Whether a connection is taken, before a byte of it is read."],
  ["http1", "HTTP/1", "Bytes become a request, or are refused as none; and whether the connection stays."],
  ["request", "Request", "How a request arrives: in time, whole, not larger than allowed."],
  ["exchange", "Exchange", "A request with its response, between the connection and whoever answers."],
  ["site", "Site", "Which site answers, and each step of its way to a response."],
  ["route", "Routes", "Which route of the site matches the path and the method."],
  ["access", "Access", "Who may see what."],
  ["resource", "Files", "A path is looked for beneath the root, and nowhere else."],
  ["content", "Content", "Which representation is sent: type, conditions, ranges, listings."],
  ["cache", "Cache", "What is remembered, and for how long."],
  ["upstream", "Upstream", "Servers that this one asks."],
  ["client", "Client", "Who asks, behind proxies that are trusted."],
  ["cgi", "Scripts", "Programs that answer, by CGI."],
  ["fcgi", "Applications", "Programs that answer, by FastCGI."],
  ["fastcgi", "FastCGI", "Messages between the server and an application, and what of them is refused."],
  ["gateway", "Gateway", "What scripts and applications answer with, and what of it is refused."],
  ["elsewhere", "Elsewhere", "Which other server a client is sent to."],
  ["encode", "Content codings", "Whether a response is compressed, and how."],
  ["ssi", "Includes", "Directives of pages that are put together when they are sent."],
  ["header", "Header rules", "Fields of the response that the configuration sets."],
  ["close", "Closing", "Why a connection ended."],
  ["log", "Logs", "What is written down, and what could not be."],
  ["journey", "Journeys", "What is recorded of requests, and what is left out."],
  ["frames", "Frames", "What is recorded of the adapter's frames."],
  ["glass", "This page", "Who may look at the server, and how."],
  ["admin", "Admin", "Who may look at the server, and how."],
  ["export", "Exports", "What is sent to other programs."],
  ["metrics", "Metrics", "What is counted for other programs."],
  ["server", "Server", "The life of the process: start, reload, stop."],
];

const known = new Map(groups.map((g, i) => [g[0], { word: g[0], title: g[1], text: g[2], place: i }]));

/** The group of a Reason's id. Groups that nobody described come last. */
export function groupOf(id) {
  const word = id.split(".", 1)[0];
  return known.get(word) || { word, title: word, text: "", place: groups.length };
}

/** The floors of the house by the layer's name: what it does, and which groups of Reasons live there. */
const floors = {
  adapter: ["Frames come in from the cable, and go out.", "link"],
  ethernet: ["Is the frame for us? Who has this address?", "ethernet"],
  arp: ["Who has this address?", "arp"],
  ip: ["Is the packet whole, and for us?", "ip"],
  icmp: ["Messages about packets.", "icmp"],
  tcp: ["Segments become a stream of bytes, in order.", "tcp"],
  socket: ["A connection is accepted, or not.", "accept"],
  http: ["Bytes become a request, or are refused.", "http1"],
  site: ["Which site and which route answer?", "site"],
  files: ["In from the disk, out from memory.", "resource"],
  memory: ["From memory, or from the disk.", "resource"],
  cache: ["What is remembered is sent again.", "cache"],
  upstream: ["A script or an application is asked.", "cgi"],
  response: ["Status, fields and body go out.", "content"],
  close: ["The connection stays, or ends.", "close"],
  log: ["What happened is written down.", "log"],
};

/** What a floor does, in a few words, and the group of Reasons to look at: { text, group }. */
export function floorOf(name) {
  const [text, group] = floors[name] || ["", name];
  return { text, group };
}
