package config

import (
	"runtime"

	"vitrine/config/template"
)

// schema is the one list of everything that may stand in a configuration: the decoder, the suggestions, the
// reference, the completion and the printers read it and nothing else.
var schema = &blockType{
	doc: "A configuration is a list of settings and blocks. Everything has a default but the addresses to listen on.",
	settings: []*setting{
		{name: "io", kind: kindChoice, initial: literal(defaultIO(runtime.GOOS)), differs: "`\"events-per-core\"` on Linux, else `\"threads\"`",
			choices: []string{"single", "threads", "events", "events-per-core", "pool"},
			doc:     "The I/O architecture: one connection at a time, a goroutine a connection, one event loop, an event loop a core, or a bounded pool of workers.",
			also:    []string{"use", "mode", "engine", "mpm"},
			field:   in(func(c *Config) any { return &c.IO })},
		{name: "loops", kind: kindInt, initial: `0`, min: 0, max: 1024, unit: "event loops",
			doc:   "How many event loops run under events-per-core; 0 is one a core.",
			also:  []string{"worker_processes", "nbthread"},
			field: in(func(c *Config) any { return &c.Loops })},
		{name: "workers", kind: kindInt, initial: `0`, min: 0, max: 65536, unit: "workers",
			doc:   "How many workers there are under pool; 0 is four a core.",
			field: in(func(c *Config) any { return &c.Workers })},
		{name: "threads", kind: kindInt, initial: `1024`, min: 1, max: 1 << 20, unit: "connections",
			doc:   "How many connections are served at once under threads; the next one waits.",
			field: in(func(c *Config) any { return &c.Threads })},
		{name: "server", kind: kindText, initial: `"vitrine"`, check: checkFieldValue,
			doc:   "The Server field of every response; an empty text sends none.",
			also:  []string{"server_tokens", "servertokens", "serversignature"},
			field: in(func(c *Config) any { return &c.Server })},
		{name: "include", kind: kindTexts, example: `["sites/*.hcl"]`,
			doc:  "Files to read as if they stood at the end of this one, relative to it; * stands for any part of a name. An included file sees the locals of the file that includes it.",
			also: []string{"import", "includes"}},
	},
	blocks: []*blockType{
		localsBlock, networkBlock, listenBlock, limitsBlock, timeoutsBlock, memoryBlock, logBlock, errorLogBlock, adminBlock, journeysBlock,
		controlBlock, proxiesBlock, namesBlock, identBlock, filesBlock, typesBlock, negotiateBlock, compressBlock, ssiBlock, augmentBlock, balanceBlock, nearerBlock, headerBlock, accessBlock, rateBlock, siteBlock, expectBlock,
		homesBlock, errorsBlock, expiresBlock,
	},
}

var localsBlock = &blockType{
	name: "locals", many: true,
	doc:     "Names for values that are used more than once in this file and the files it includes: `local.NAME`.",
	example: "locals {\n  data = \"/srv/data\"\n}",
	also:    []string{"set", "variables", "vars", "variable", "define"},
}

var listenBlock = &blockType{
	name: "listen", many: true,
	labels: labels{name: "address", max: -1, instead: "addresses", check: checkListenAddress,
		field: in(func(l *Listen) any { return &l.Addresses })},
	doc:     "Addresses to listen on. One at the top level serves every site that names none of its own; one inside a site serves that site only. A port of 0 lets the system choose.",
	example: "listen \":80\" {\n}\n\nlisten \"127.0.0.1:8080\" \"[::1]:8080\" {\n  clients {\n    allow = [\"127.0.0.0/8\", \"::1\"]\n  }\n}",
	also:    []string{"bind", "port", "listener", "frontend"},
	settings: []*setting{
		{name: "addresses", kind: kindTexts, more: true, example: `[":${env.PORT}"]`, check: checkListenAddress,
			doc:   "The addresses, where an expression is needed: the block's own labels are plain text.",
			also:  []string{"address", "port"},
			field: in(func(l *Listen) any { return &l.Addresses })},
		{name: "backlog", kind: kindInt, initial: `4096`, min: 1, max: 1 << 16, unit: "connections",
			doc:   "How many connections the system keeps that have not been accepted yet.",
			field: in(func(l *Listen) any { return &l.Backlog })},
	},
	blocks: []*blockType{clientsBlock, proxiesOfListen},
	open: func(d *decoder, owner any) any {
		l := &Listen{}
		switch o := owner.(type) {
		case *Config:
			o.Listens = append(o.Listens, l)
		case *Site:
			o.Listens = append(o.Listens, l)
		}
		return l
	},
	each: func(owner any) []any {
		if s, ok := owner.(*Site); ok {
			return anys(s.Listens)
		}
		return anys(owner.(*Config).Listens)
	},
	done: func(d *decoder, b *block, value any) { d.needLabels(b, len(value.(*Listen).Addresses)) },
}

var clientsBlock = always(func(l *Listen) any { return &l.Clients }, blockType{
	name:    "clients",
	doc:     "Who may connect, decided before anything is read. The most specific network that contains the client's address decides, and deny wins a tie; when none contains it, the client may connect unless allow lists something.",
	example: "clients {\n  allow = [\"192.0.2.0/24\"]\n  deny  = [\"192.0.2.66\"]\n}",
	settings: []*setting{
		{name: "allow", kind: kindNetworks, example: `["192.0.2.0/24", "::1"]`,
			doc:   "Addresses and networks that may connect; when it lists any, the others may not.",
			field: in(func(c *Clients) any { return &c.Allow })},
		{name: "deny", kind: kindNetworks, example: `["198.51.100.7"]`,
			doc:   "Addresses and networks that may not connect.",
			also:  []string{"block", "reject"},
			field: in(func(c *Clients) any { return &c.Deny })},
	},
})

var limitsBlock = always(func(c *Config) any { return &c.Limits }, blockType{
	name: "limits",
	doc:  "Bounds on what one client or all clients together may ask for.",
	settings: []*setting{
		{name: "header_bytes", kind: kindSize, initial: `"32KiB"`, min: 1 << 10, max: 16 << 20,
			doc:   "Request line and header section of one request together; more is answered with 431.",
			also:  []string{"large_client_header_buffers", "limitrequestfieldsize", "max_header_bytes"},
			field: in(func(l *Limits) any { return &l.HeaderBytes })},
		{name: "header_count", kind: kindInt, initial: `100`, min: 1, max: 10000, unit: "fields",
			doc:   "Header fields of one request; more are answered with 431.",
			also:  []string{"limitrequestfields"},
			field: in(func(l *Limits) any { return &l.HeaderCount })},
		{name: "uri_bytes", kind: kindSize, initial: `"16KiB"`, min: 256, max: 1 << 20,
			doc:   "The request target; a longer one is answered with 414.",
			also:  []string{"limitrequestline"},
			field: in(func(l *Limits) any { return &l.URIBytes })},
		{name: "body_bytes", kind: kindSize, initial: `"1GiB"`, min: 0, max: 1 << 50,
			doc:   "The body of one request; a longer one is answered with 413; 0 is no bound. Sites and routes may say their own.",
			also:  []string{"client_max_body_size", "limitrequestbody"},
			field: in(func(l *Limits) any { return &l.BodyBytes })},
		{name: "connections", kind: kindInt, initial: `60000`, min: 1, max: 10_000_000, unit: "connections",
			doc:   "Connections in all; further ones wait to be accepted until one ends. Fewer, when the system allows fewer descriptors (ulimit -n).",
			also:  []string{"worker_connections", "maxconn", "maxrequestworkers", "max_connections"},
			field: in(func(l *Limits) any { return &l.Connections })},
		{name: "connections_per_client", kind: kindInt, initial: `10000`, min: 1, max: 10_000_000, unit: "connections",
			doc:   "Connections from one address, or from one /64 network of IPv6; the next one is refused. A proxy or a load balancer in front is one client.",
			also:  []string{"maxconnperip"},
			field: in(func(l *Limits) any { return &l.ConnectionsPerClient })},
		{name: "requests_per_connection", kind: kindInt, initial: `0`, min: 0, max: 1 << 31, unit: "requests",
			doc:   "Requests on one connection, after which it is closed; 0 is no bound.",
			also:  []string{"keepalive_requests", "maxkeepaliverequests"},
			field: in(func(l *Limits) any { return &l.RequestsPerConnection })},
		{name: "ranges", kind: kindInt, initial: `16`, min: 1, max: 1000, unit: "ranges",
			doc:   "Byte ranges of one request; a request for more gets the whole file.",
			also:  []string{"max_ranges", "maxranges"},
			field: in(func(l *Limits) any { return &l.Ranges })},
		{name: "output_bytes", kind: kindSize, initial: `"256KiB"`, min: 4 << 10, max: 1 << 30,
			doc:   "What one exchange may have produced and not yet sent, before its handler waits.",
			also:  []string{"output_buffers"},
			field: in(func(l *Limits) any { return &l.OutputBytes })},
		{name: "input_bytes", kind: kindSize, initial: `"64KiB"`, min: 4 << 10, max: 1 << 30,
			doc:   "What one exchange may have received and not yet read, before its connection is not read.",
			also:  []string{"client_body_buffer_size"},
			field: in(func(l *Limits) any { return &l.InputBytes })},
		{name: "handlers", kind: kindInt, initial: `256`, min: 1, max: 1 << 20, unit: "handlers",
			doc:   "Handlers that run at once off the event loops; the next one waits. One that waits for its own client gives its place to others, sixteen times as many at most.",
			field: in(func(l *Limits) any { return &l.Handlers })},
		{name: "suspended", kind: kindInt, initial: `4096`, min: 1, max: 1 << 24, unit: "requests",
			doc:   "Requests that wait for something without a handler: a client's name, a place in a queue, a delay. Further ones get 503. One network (a /24, or a /48 of IPv6) has half of the places at most.",
			also:  []string{"waiting"},
			field: in(func(l *Limits) any { return &l.Suspended })},
		{name: "encoders", kind: kindInt, initial: `64`, min: 0, max: 1 << 16, unit: "responses",
			doc:   "Responses that are compressed at once; further ones go as they are. Each takes one to three mebibytes while it is sent.",
			also:  []string{"gzip_buffers", "deflatebuffersize"},
			field: in(func(l *Limits) any { return &l.Encoders })},
	},
})

var timeoutsBlock = always(func(c *Config) any { return &c.Timeouts }, blockType{
	name: "timeouts",
	doc:  "Bounds in time.",
	also: []string{"timeout", "time_outs"},
	settings: []*setting{
		{name: "header", kind: kindDuration, initial: `"20s"`, min: 1e6, max: 3600e9,
			doc:   "For a whole request header, from its first byte; on a new connection, from its beginning.",
			also:  []string{"client_header_timeout", "read_header", "requestreadtimeout"},
			field: in(func(t *Timeouts) any { return &t.Header })},
		{name: "body", kind: kindDuration, initial: `"60s"`, min: 1e6, max: 24 * 3600e9,
			doc:   "Between two pieces of a request's body.",
			also:  []string{"client_body_timeout", "read"},
			field: in(func(t *Timeouts) any { return &t.Body })},
		{name: "keep_alive", kind: kindDuration, initial: `"75s"`, min: 0, max: 24 * 3600e9,
			doc:   "For the next request on a connection to begin; 0 closes the connection after each response.",
			also:  []string{"keepalive", "keepalive_timeout", "keepalivetimeout"},
			field: in(func(t *Timeouts) any { return &t.KeepAlive })},
		{name: "write", kind: kindDuration, initial: `"60s"`, min: 1e6, max: 24 * 3600e9,
			doc:   "Between two pieces of a response that the client takes.",
			also:  []string{"send_timeout", "send"},
			field: in(func(t *Timeouts) any { return &t.Write })},
		{name: "linger", kind: kindDuration, initial: `"5s"`, min: 0, max: 3600e9,
			doc:   "For the client's last bytes after the server has closed its side, so that no reset destroys an unread response.",
			also:  []string{"lingering_timeout", "lingering_time"},
			field: in(func(t *Timeouts) any { return &t.Linger })},
		{name: "drain", kind: kindDuration, initial: `"30s"`, min: 0, max: 24 * 3600e9,
			doc:   "For all exchanges to end after SIGTERM.",
			also:  []string{"grace_period", "worker_shutdown_timeout", "shutdown", "graceful"},
			field: in(func(t *Timeouts) any { return &t.Drain })},
		{name: "idle", kind: kindDuration, initial: `"250ms"`, min: 0, max: 3600e9,
			doc:   "A connection that has been quiet this long when a drain begins is closed at once; one that was busy may send one more request.",
			field: in(func(t *Timeouts) any { return &t.Idle })},
		{name: "min_rate", kind: kindSize, initial: `"1KiB"`, min: 0, max: 1 << 30, unit: "a second",
			doc:   "Bytes a second that a request's body, and a client that takes a response, must reach on average once the body or write time-out has passed; 0 is no bound.",
			also:  []string{"minrate", "rate"},
			field: in(func(t *Timeouts) any { return &t.MinRate })},
	},
})

var memoryBlock = always(func(c *Config) any { return &c.Memory }, blockType{
	name: "memory",
	doc:  "What is kept in memory and in descriptors to answer faster.",
	also: []string{"open_file_cache", "cache"},
	settings: []*setting{
		{name: "files_bytes", kind: kindSize, initial: `"64MiB"`, min: 0, max: 1 << 42,
			doc:   "All files kept in memory together; 0 keeps none.",
			field: in(func(m *Memory) any { return &m.FilesBytes })},
		{name: "file_bytes", kind: kindSize, initial: `"128KiB"`, min: 0, max: 1 << 30,
			doc:   "The largest file that is kept in memory; larger ones are sent from their descriptor.",
			field: in(func(m *Memory) any { return &m.FileBytes })},
		{name: "descriptors", kind: kindInt, initial: `1000`, min: 0, max: 1 << 20, unit: "files",
			doc:   "Files kept open.",
			field: in(func(m *Memory) any { return &m.Descriptors })},
		{name: "fresh", kind: kindDuration, initial: `"1s"`, min: 0, max: 3600e9,
			doc:   "A kept file is looked at again before it is sent when it was last looked at this long ago; so a changed file is seen after this time at the latest.",
			also:  []string{"open_file_cache_valid"},
			field: in(func(m *Memory) any { return &m.Fresh })},
	},
})

var logBlock = always(func(owner *Settings) any { return &owner.Access }, blockType{
	name:    "log",
	doc:     "The access log: one line for each request. A site or route that says only some of its settings takes the others from outside.",
	example: "log {\n  format = \"json\"\n  file   = \"/var/log/vitrine/access.log\"\n  rotate {\n    size = \"100MiB\"\n  }\n}",
	also:    []string{"access_log", "customlog", "accesslog", "logging"},
	settings: []*setting{
		{name: "off", kind: kindBool, initial: `false`,
			doc:   "Whether nothing is logged here.",
			field: in(func(l *Log) any { return &l.Off })},
		{name: "names", kind: kindBool, initial: `false`,
			doc:   "Whether clients stand there by their host names where these are confirmed, and by address otherwise; a line waits for its name (names). In a custom log {client.host} asks for it.",
			also:  []string{"hostnamelookups", "hostnames", "resolve"},
			field: in(func(l *Log) any { return &l.Names })},
		{name: "format", kind: kindChoice, initial: `"combined"`,
			choices: []string{"common", "combined", "json", "readable", "custom"},
			doc:     "The form of a line: common and combined as other servers write them, json for programs, readable for people, custom for the template in custom.",
			also:    []string{"log_format", "style"},
			field:   in(func(l *Log) any { return &l.Format })},
		{name: "custom", kind: kindTemplate, scope: template.ForLog, check: checkLogTemplate,
			example: `"{client.address} {method} {uri} {status} {duration}"`,
			doc:     "A line of your own, with placeholders; it makes the format custom.",
			also:    []string{"template", "pattern"},
			field:   in(func(l *Log) any { return &l.Custom })},
		{name: "file", kind: kindFile, initial: `"stdout"`, example: `"/var/log/vitrine/access.log"`,
			doc:   "Where the lines go: a file, relative to the file that says it, or stdout or stderr.",
			also:  []string{"path", "output", "to"},
			field: in(func(l *Log) any { return &l.File })},
		{name: "buffer", kind: kindSize, initial: `"64KiB"`, min: 0, max: 64 << 20,
			doc:   "How much is collected before it is written; 0 writes each line at once.",
			field: in(func(l *Log) any { return &l.Buffer })},
		{name: "flush", kind: kindDuration, initial: `"1s"`, min: 1e6, max: 3600e9,
			doc:   "A line waits at most this long in the buffer.",
			field: in(func(l *Log) any { return &l.Flush })},
	},
	blocks: []*blockType{always(func(l *Log) any { return &l.Rotate }, rotateBlock)},
	done:   checkLog,
})

var errorLogBlock = always(func(c *Config) any { return &c.Errors }, blockType{
	name: "error_log",
	doc:  "The log of what went wrong.",
	also: []string{"errorlog"},
	settings: []*setting{
		{name: "file", kind: kindFile, initial: `"stderr"`, example: `"/var/log/vitrine/error.log"`,
			doc:   "Where the lines go: a file, relative to the file that says it, or stdout or stderr.",
			also:  []string{"path", "output", "to"},
			field: in(func(l *ErrorLog) any { return &l.File })},
		{name: "level", kind: kindChoice, initial: `"info"`, choices: []string{"error", "warn", "info"},
			doc:   "The least that is logged: errors only, warnings too, or everything.",
			also:  []string{"loglevel", "severity"},
			field: in(func(l *ErrorLog) any { return &l.Level })},
	},
	blocks: []*blockType{always(func(l *ErrorLog) any { return &l.Rotate }, rotateBlock)},
})

var rotateBlock = blockType{
	name:    "rotate",
	doc:     "When the log file is put aside, and how many are kept. Without it the file grows until somebody else puts it aside and sends SIGUSR1.",
	example: "rotate {\n  size = \"100MiB\"\n  age  = \"24h\"\n  keep = 7\n}",
	also:    []string{"rotation", "logrotate", "roll"},
	settings: []*setting{
		{name: "size", kind: kindSize, initial: `0`, min: 0, max: 1 << 50, example: `"100MiB"`,
			doc:   "A file of this size is put aside; 0 does not look at the size.",
			also:  []string{"roll_size", "max_size"},
			field: in(func(r *Rotate) any { return &r.Size })},
		{name: "age", kind: kindDuration, initial: `0`, min: 0, max: 366 * 24 * 3600e9, example: `"24h"`,
			doc:   "A file of this age is put aside; 0 does not look at the age.",
			also:  []string{"interval", "max_age", "every"},
			field: in(func(r *Rotate) any { return &r.Age })},
		{name: "keep", kind: kindInt, initial: `7`, min: 1, max: 10000, unit: "files",
			doc:   "How many files that were put aside are kept.",
			also:  []string{"roll_keep", "max_backups", "count"},
			field: in(func(r *Rotate) any { return &r.Keep })},
	},
	done: func(d *decoder, b *block, value any) {
		if r := value.(*Rotate); r.Size.V == 0 && r.Age.V == 0 && b.body.whole() {
			d.warn(b.head, "this rotate block never rotates", `say when: size = "100MiB", or age = "24h"`)
		}
	},
}
