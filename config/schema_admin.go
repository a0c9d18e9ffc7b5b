package config

// adminBlock is the page about the running server.
var adminBlock = &blockType{
	name: "admin",
	labels: labels{name: "address", max: 1, instead: "address", check: checkAdminAddress,
		field: in(func(a *Admin) any { return &a.Address })},
	doc: "A page about the running server, for a browser: every request's journey, the layers with what they count, explanations, and metrics for Prometheus at /metrics. " +
		"Under vitrine serve there is one without this block; under vitrine run only with it, or with --admin. On the loopback addresses nothing more is needed: other pages in the browser cannot reach it. " +
		"Elsewhere it demands a certificate, its key and a token. It listens on the machine's own sockets, also when a network block carries the sites.",
	example: "admin \"localhost:9180\" {\n}\n\nadmin \":9180\" {\n  certificate = \"/etc/vitrine/admin.pem\"\n  key         = \"/etc/vitrine/admin.key\"\n  token_file  = \"/etc/vitrine/admin.token\"\n  hosts       = [\"glass.example.org\"]\n}",
	also:    []string{"dashboard", "ui", "webui", "console", "status", "stats", "stub_status", "server_status", "metrics", "prometheus", "glass", "api", "inspector", "debug"},
	settings: []*setting{
		{name: "off", kind: kindBool, initial: `false`,
			doc:   "Whether there is none.",
			also:  []string{"disabled"},
			field: in(func(a *Admin) any { return &a.Off })},
		{name: "address", kind: kindText, initial: `"localhost:9180"`, check: checkAdminAddress, example: `"localhost:${env.ADMIN_PORT}"`,
			doc:   "The address, where an expression is needed: the block's own label is plain text. localhost is both loopback addresses; a port of 0 lets the system choose.",
			also:  []string{"addresses", "listen", "port", "bind"},
			field: in(func(a *Admin) any { return &a.Address })},
		{name: "token", kind: kindText, initial: `""`, check: checkToken, secret: true, example: `env.VITRINE_ADMIN_TOKEN`,
			doc: "What whoever looks must know, at least 16 characters: a program sends it as Authorization: Bearer, a browser asks for it once. " +
				"Better have it in the environment, as in the example, or in token_file than in a configuration that others read; no command shows it.",
			also:  []string{"password", "secret", "bearer", "auth", "key_phrase"},
			field: in(func(a *Admin) any { return &a.Token })},
		{name: "token_file", kind: kindRead, initial: `""`, example: `"/etc/vitrine/admin.token"`,
			doc:   "A file whose first line is the token. It is read at the start and at each reload.",
			also:  []string{"password_file", "secret_file"},
			field: in(func(a *Admin) any { return &a.TokenFile })},
		{name: "certificate", kind: kindRead, initial: `""`, example: `"/etc/vitrine/admin.pem"`,
			doc:   "The certificate with the chain that leads to its authority, in PEM; with it the page is https. It is read at the start and at each reload.",
			also:  []string{"cert", "ssl_certificate", "tls_cert", "certificate_file", "chain", "fullchain", "tls"},
			field: in(func(a *Admin) any { return &a.Certificate })},
		{name: "key", kind: kindRead, initial: `""`, example: `"/etc/vitrine/admin.key"`,
			doc:   "The certificate's private key, in PEM.",
			also:  []string{"private_key", "ssl_certificate_key", "tls_key", "key_file"},
			field: in(func(a *Admin) any { return &a.Key })},
		{name: "hosts", kind: kindTexts, example: `["glass.example.org"]`, check: checkAdminHost,
			doc: "Names under which the page is asked for, besides localhost and the address itself. A request for any other name is refused: " +
				"it may come from a web page that has its own name lead here (DNS rebinding).",
			also:  []string{"host", "server_name", "names", "allowed_hosts"},
			field: in(func(a *Admin) any { return &a.Hosts })},
	},
	open: func(d *decoder, owner any) any {
		a := &Admin{}
		d.allDefaults(d.root.block("admin"), a)
		owner.(*Config).Admin = a
		return a
	},
	each: func(owner any) []any {
		if a := owner.(*Config).Admin; a != nil {
			return []any{a}
		}
		return nil
	},
	done: checkAdmin,
}

// journeysBlock is what is recorded of requests.
var journeysBlock = always(func(c *Config) any { return &c.Journeys }, blockType{
	name: "journeys",
	doc: "What is recorded of requests while they happen, in memory: the decisions with their reasons and lines, the heads, what the transport knew, and on an own network the frames. " +
		"Everything is recorded unless this block says otherwise, up to most requests a second. Cookies, Authorization and other secret fields are never recorded, unless show names them; bodies never are.",
	example: "journeys {\n  slow   = \"250ms\"\n  memory = \"64MiB\"\n}",
	also:    []string{"journey", "record", "recording", "recorder", "trace", "traces", "tracing", "history"},
	settings: []*setting{
		{name: "off", kind: kindBool, initial: `false`,
			doc:   "Whether nothing is recorded.",
			also:  []string{"disabled"},
			field: in(func(j *Journeys) any { return &j.Off })},
		{name: "record", kind: kindChoice, initial: `"all"`, choices: []string{"all", "failures"},
			doc:   "Whether all requests are recorded, or only those that failed or were slow.",
			also:  []string{"mode", "what", "only"},
			field: in(func(j *Journeys) any { return &j.Record })},
		{name: "sample", kind: kindInt, initial: `1`, min: 1, max: 1_000_000,
			doc:   "One request in so many is recorded; 1 is each. Failures and slow ones are recorded whatever it is.",
			also:  []string{"sampling", "sample_rate", "rate", "one_in", "every"},
			field: in(func(j *Journeys) any { return &j.Sample })},
		{name: "most", kind: kindInt, initial: `1000`, min: 0, max: 10_000_000, unit: "requests a second",
			doc:   "How many are recorded, the others being counted; 0 is no bound. Failures and slow ones are recorded whatever it is, beyond it with the decisions that the log names and no others.",
			also:  []string{"max", "limit", "per_second", "max_rate"},
			field: in(func(j *Journeys) any { return &j.Most })},
		{name: "slow", kind: kindDuration, initial: `"1s"`, min: 0, max: 24 * 3600e9,
			doc:   "A request that takes longer is kept as long as one that failed; 0 calls none slow.",
			also:  []string{"threshold", "slow_threshold", "slower", "longer"},
			field: in(func(j *Journeys) any { return &j.Slow })},
		{name: "memory", kind: kindSize, initial: `"32MiB"`, min: 1 << 20, max: 1 << 40,
			doc:   "What the last journeys take, at most; the oldest make room.",
			also:  []string{"bytes", "size", "buffer", "ring"},
			field: in(func(j *Journeys) any { return &j.Memory })},
		{name: "kept", kind: kindSize, initial: `"8MiB"`, min: 64 << 10, max: 1 << 40,
			doc:   "What failures and slow ones take that have left the last ones.",
			also:  []string{"keep", "failures", "keep_failures"},
			field: in(func(j *Journeys) any { return &j.Kept })},
		{name: "head_bytes", kind: kindSize, initial: `"4KiB"`, min: 256, max: 64 << 10,
			doc:   "How much of a request's head is kept, and as much of the response's.",
			also:  []string{"header_bytes", "heads"},
			field: in(func(j *Journeys) any { return &j.HeadBytes })},
		{name: "frames", kind: kindSize, initial: `"16MiB"`, min: 0, max: 1 << 40,
			doc:   "What the last frames take, on an own network; 0 records none.",
			also:  []string{"packets"},
			field: in(func(j *Journeys) any { return &j.Frames })},
		{name: "frame_bytes", kind: kindSize, initial: `"128"`, min: 64, max: 64 << 10,
			doc:   "How much of each frame is kept: its headers, usually.",
			also:  []string{"snap", "snaplen", "packet_bytes"},
			field: in(func(j *Journeys) any { return &j.FrameBytes })},
		{name: "frames_most", kind: kindInt, initial: `20000`, min: 0, max: 100_000_000, unit: "frames a second",
			doc:   "How many are recorded of each queue, the others being counted; 0 is no bound.",
			also:  []string{"packets_most"},
			field: in(func(j *Journeys) any { return &j.FramesMost })},
		{name: "show", kind: kindFieldNames, example: `["Cookie"]`, check: checkFieldName,
			doc:   "Header fields that are recorded although they are secret by type.",
			also:  []string{"reveal", "unmask", "include"},
			field: in(func(j *Journeys) any { return &j.Show })},
		{name: "hide", kind: kindFieldNames, example: `["X-Api-Key"]`, check: checkFieldName,
			doc:   "Further header fields whose values are secret, and are not recorded.",
			also:  []string{"redact", "mask", "secret", "secrets", "exclude"},
			field: in(func(j *Journeys) any { return &j.Hide })},
	},
	blocks: []*blockType{whenBlock, otlpBlock},
	done:   checkJourneys,
})

// whenBlock is which requests are recorded.
var whenBlock = always(func(j *Journeys) any { return &j.When }, blockType{
	name:    "when",
	doc:     "Only requests that match are recorded: one entry of each list that is written. Statuses and Reasons are known at a request's end.",
	example: "when {\n  paths    = [\"/api/*\"]\n  statuses = [\"4xx\", \"5xx\"]\n}",
	also:    []string{"if", "only", "match", "filter", "condition", "where"},
	settings: []*setting{
		{name: "sites", kind: kindTexts, example: `["example.org"]`,
			doc:   "Sites that answer, by one of their hosts.",
			also:  []string{"site"},
			field: in(func(w *When) any { return &w.Sites })},
		{name: "hosts", kind: kindTexts, example: `["www.example.org"]`, check: checkWhenHost,
			doc:   "Hosts that are asked for.",
			also:  []string{"host", "server_name"},
			field: in(func(w *When) any { return &w.Hosts })},
		{name: "paths", kind: kindTexts, example: `["/api/*"]`, check: checkWhenPath,
			doc:   "Paths, in which * is any text.",
			also:  []string{"path", "uri", "uris", "url", "location"},
			field: in(func(w *When) any { return &w.Paths })},
		{name: "methods", kind: kindTexts, example: `["POST"]`, check: checkMethod,
			doc:   "Methods.",
			also:  []string{"method"},
			field: in(func(w *When) any { return &w.Methods })},
		{name: "statuses", kind: kindTexts, example: `["404", "5xx"]`, check: checkWhenStatus,
			doc:   "Statuses of the response, and classes of them.",
			also:  []string{"status", "code", "codes"},
			field: in(func(w *When) any { return &w.Statuses })},
		{name: "clients", kind: kindNetworks, example: `["192.0.2.0/24"]`,
			doc:   "Addresses and networks of clients.",
			also:  []string{"client", "from", "remote"},
			field: in(func(w *When) any { return &w.Clients })},
		{name: "reasons", kind: kindTexts, example: `["resource.missing", "http1."]`,
			doc:   "Ids of Reasons among the decisions, or with a dot at the end all that begin so; the reasons command lists them.",
			also:  []string{"reason", "why"},
			field: in(func(w *When) any { return &w.Reasons })},
	},
})

// otlpBlock is where journeys are sent.
var otlpBlock = &blockType{
	name: "otlp",
	labels: labels{name: "endpoint", max: 1, instead: "endpoint", check: checkEndpoint,
		field: in(func(o *OTLP) any { return &o.Endpoint })},
	doc:     "Journeys are sent as spans of OpenTelemetry to a collector that takes OTLP over HTTP. Requests never wait for it: what it does not take in time is counted and left out.",
	example: "otlp \"http://localhost:4318\" {\n  service = \"shop\"\n}",
	also:    []string{"opentelemetry", "otel", "exporter", "export", "jaeger", "zipkin", "collector"},
	settings: []*setting{
		{name: "endpoint", kind: kindText, check: checkEndpoint, example: `"http://${env.COLLECTOR}:4318"`,
			doc:   "The collector's URL, where an expression is needed: the block's own label is plain text. Without a path it is /v1/traces.",
			also:  []string{"url", "address", "host", "to"},
			field: in(func(o *OTLP) any { return &o.Endpoint })},
		{name: "headers", kind: kindTextMap, check: checkFieldValue, secret: true, example: `{ Authorization = "Bearer ${env.OTLP_TOKEN}" }`,
			doc:   "Header fields that are sent with them. No command shows their values.",
			also:  []string{"header", "fields"},
			field: in(func(o *OTLP) any { return &o.Headers })},
		{name: "service", kind: kindText, initial: `"vitrine"`, check: checkService,
			doc:   "The name of this service in the spans (service.name).",
			also:  []string{"service_name", "name"},
			field: in(func(o *OTLP) any { return &o.Service })},
		{name: "interval", kind: kindDuration, initial: `"5s"`, min: 100e6, max: 3600e9,
			doc:   "How long spans are collected before they are sent together.",
			also:  []string{"schedule_delay", "every", "flush"},
			field: in(func(o *OTLP) any { return &o.Interval })},
		{name: "timeout", kind: kindDuration, initial: `"10s"`, min: 100e6, max: 300e9,
			doc:   "How long the collector may take to accept them.",
			also:  []string{"export_timeout"},
			field: in(func(o *OTLP) any { return &o.Timeout })},
		{name: "queue", kind: kindInt, initial: `2048`, min: 1, max: 1 << 20, unit: "journeys",
			doc:   "How many wait to be sent, at most.",
			also:  []string{"queue_size", "max_queue_size", "buffer"},
			field: in(func(o *OTLP) any { return &o.Queue })},
	},
	open: func(d *decoder, owner any) any {
		o := &OTLP{}
		owner.(*Journeys).OTLP = o
		return o
	},
	each: func(owner any) []any {
		if o := owner.(*Journeys).OTLP; o != nil {
			return []any{o}
		}
		return nil
	},
	done: checkOTLP,
}
