package config

import (
	"vitrine/config/template"
	"vitrine/trace"
)

// accessBlock is who may have what a site or a route answers.
var accessBlock = always(func(s *Settings) any { return &s.Guard }, blockType{
	name: "access",
	doc: "Who may have what is here: by address, by host name, or by name and password. A site or route that says only some of its settings takes the others from outside. " +
		"Of the networks the most specific one that contains the client's address decides, and deny wins a tie; the order does not matter. Whoever is refused is told 401 or 403 and no more: the line that refused stands in the error log.",
	example: "access {\n  allow = [\"192.0.2.0/24\"]\n  users = [\"anna\", \"ben\"]\n  auth \"basic\" {\n    realm = \"accounts\"\n    file  = \"/etc/vitrine/passwords\"\n  }\n}",
	also:    []string{"require", "order", "satisfy", "authz", "authorization", "acl", "limit_except", "basicauth", "basic_auth"},
	settings: []*setting{
		{name: "off", kind: kindBool, initial: `false`,
			doc:   "Whether nothing is asked here, whatever is written outside.",
			also:  []string{"disabled", "public"},
			field: in(func(a *Access) any { return &a.Off })},
		{name: "allow", kind: kindNetworks, example: `["192.0.2.0/24", "2001:db8::/32"]`,
			doc:   "Addresses and networks that may; when it lists any, the others may not. The address is the client's behind trusted proxies.",
			also:  []string{"require_ip", "ip", "from", "allow_from", "addresses", "networks"},
			field: in(func(a *Access) any { return &a.Allow })},
		{name: "deny", kind: kindNetworks, example: `["198.51.100.7"]`,
			doc:   "Addresses and networks that may not.",
			also:  []string{"block", "reject", "deny_from"},
			field: in(func(a *Access) any { return &a.Deny })},
		{name: "hosts", kind: kindTexts, example: `["intern.example.org", ".example.net"]`, check: checkClientHost,
			doc:   "Names of clients that may, as if their addresses stood in allow; one that begins with a dot is all names below it. A name counts when its address leads back to the client's. Only clients whose address no network decides about are looked up.",
			also:  []string{"require_host", "names", "domains", "domain"},
			field: in(func(a *Access) any { return &a.Hosts })},
		{name: "users", kind: kindTexts, example: `["anna", "ben"]`, check: checkUser,
			doc:   "The users that may; without it and groups, every one in the file.",
			also:  []string{"user", "require_user", "valid_user"},
			field: in(func(a *Access) any { return &a.Users })},
		{name: "groups", kind: kindTexts, example: `["staff"]`, check: checkGroup,
			doc:   "The groups whose members may, besides users.",
			also:  []string{"group", "require_group"},
			field: in(func(a *Access) any { return &a.Groups })},
		{name: "group_file", kind: kindRead, initial: `""`, example: `"/etc/vitrine/groups"`,
			doc:   "A file with a line for each group: its name, a colon and its members. It is read again when it has changed.",
			also:  []string{"authgroupfile", "groupfile"},
			field: in(func(a *Access) any { return &a.GroupFile })},
		{name: "satisfy", kind: kindChoice, initial: `"all"`, choices: []string{"all", "any"},
			doc:   "Whether a client needs both an address or name that may and a user, or one of them.",
			also:  []string{"require_any", "require_all", "match"},
			field: in(func(a *Access) any { return &a.Satisfy })},
		{name: "certificate", kind: kindText, example: `"required"`, check: checkClientCertificate,
			doc:   "Reserved: clients will prove who they are with a certificate when there is TLS.",
			also:  []string{"ssl_verify_client", "sslverifyclient", "client_certificate", "client_auth"},
			field: func(any) any { return new(*Value[string]) }},
		{name: "preflight", kind: kindBool, initial: `false`,
			doc:   "Whether a CORS preflight (OPTIONS with Origin and Access-Control-Request-Method), which browsers send without credentials, needs no user. What allow, deny and hosts say holds for it too.",
			also:  []string{"cors", "options"},
			field: in(func(a *Access) any { return &a.Preflight })},
		{name: "failures", kind: kindInt, initial: `20`, min: 3, max: 1_000_000, unit: "failures",
			doc:   "How many wrong passwords of one client for one user are looked at; then the answer is 429 until they are forgotten. From the third on, each answer comes later than the one before.",
			also:  []string{"max_failures", "max_attempts", "attempts", "maxretry"},
			field: in(func(a *Access) any { return &a.Failures })},
		{name: "forget", kind: kindDuration, initial: `"5m"`, min: 1e9, max: 24 * 3600e9,
			doc:   "After this time without another one the failures are forgotten.",
			also:  []string{"findtime", "bantime", "window"},
			field: in(func(a *Access) any { return &a.Forget })},
	},
	blocks: []*blockType{authBlock},
	done:   checkAccess,
})

// authBlock is a way to prove who one is.
var authBlock = &blockType{
	name: "auth", many: true,
	labels: labels{name: "scheme", min: 1, max: 1, check: checkScheme,
		field: in(func(a *Auth) any { return &a.Scheme })},
	doc: "How clients prove who they are: basic sends the password with each request (RFC 7617), digest a proof of it (RFC 7616). Both may be offered. Those of an inner access block stand in place of the outer one's. " +
		"Neither hides what is sent: without TLS in front, use them on trusted networks only.",
	example: "auth \"digest\" {\n  realm = \"accounts\"\n  file  = \"/etc/vitrine/digest\"\n}",
	also:    []string{"auth_basic", "authtype", "auth_digest", "authentication", "basic", "digest"},
	settings: []*setting{
		{name: "realm", kind: kindText, initial: `"private"`, check: checkRealm,
			doc:   "What browsers show when they ask for the password, and what passwords are kept for. In a digest file only the lines of this realm count.",
			also:  []string{"authname", "name", "title"},
			field: in(func(a *Auth) any { return &a.Realm })},
		{name: "file", kind: kindRead, initial: `""`, example: `"/etc/vitrine/passwords"`,
			doc:   "The file with the users: for basic as htpasswd writes it, with bcrypt, apr1, MD5, SHA-1 and SHA crypt; for digest as htdigest writes it, where a hash of 64 digits is SHA-256. It is read again when it has changed; while it is being written or is broken, the last good one holds.",
			also:  []string{"authuserfile", "auth_basic_user_file", "auth_digest_user_file", "users_file", "htpasswd", "htdigest"},
			field: in(func(a *Auth) any { return &a.File })},
		{name: "plain_text", kind: kindBool, initial: `false`,
			doc:   "Whether passwords may stand in the file of basic as they are.",
			also:  []string{"plain", "plaintext"},
			field: in(func(a *Auth) any { return &a.Plain })},
		{name: "algorithms", kind: kindTexts, initial: `["SHA-256", "MD5"]`, check: checkDigestAlgorithm,
			doc:   "What digest offers, the best first, of what the file has.",
			also:  []string{"algorithm", "authdigestalgorithm"},
			field: in(func(a *Auth) any { return &a.Algorithms })},
		{name: "nonce", kind: kindDuration, initial: `"5m"`, min: 1e9, max: 24 * 3600e9,
			doc:   "How long digest takes proofs for one nonce. Then the client gets another one, without asking the user.",
			also:  []string{"authdigestnoncelifetime", "nonce_lifetime", "lifetime"},
			field: in(func(a *Auth) any { return &a.Nonce })},
		{name: "userhash", kind: kindBool, initial: `false`,
			doc:   "Whether digest offers that the user's name comes hashed.",
			also:  []string{"user_hash"},
			field: in(func(a *Auth) any { return &a.UserHash })},
	},
	open: func(d *decoder, owner any) any {
		g := owner.(*Access)
		if len(g.Auth) > 0 && g.Auth[0].Pos.Origin == trace.Inherited { // the inner block says its own
			g.Auth = nil
		}
		a := &Auth{}
		g.Auth = append(g.Auth, a)
		return a
	},
	each: func(owner any) []any { return anys(owner.(*Access).Auth) },
	done: checkAuth,
}

// rateBlock is how often and how fast a client may have what is here.
var rateBlock = always(func(s *Settings) any { return &s.Rate }, blockType{
	name: "rate",
	doc: "How often and how fast each client may have what is here. A request too many is answered with 429 and Retry-After. A site or route that says only some of its settings takes the others from outside, and counts for itself; " +
		"one that says nothing counts with the outer one. An IPv6 client is its /64 network.",
	example: "rate {\n  requests = \"10/s\"\n  burst    = 20\n}",
	also:    []string{"limit_req", "limit_req_zone", "limit_rate", "limit_conn_zone", "ratelimit", "rate_limit", "throttle", "mod_ratelimit"},
	settings: []*setting{
		{name: "off", kind: kindBool, initial: `false`,
			doc:   "Whether nothing is bounded here, whatever is written outside.",
			also:  []string{"disabled"},
			field: in(func(r *Rate) any { return &r.Off })},
		{name: "requests", kind: kindText, initial: `""`, example: `"10/s"`, check: checkFrequency,
			doc:   "Requests of each client in a second (s), a minute (m), an hour (h) or a day (d).",
			also:  []string{"rate", "limit", "per_second", "rps"},
			field: in(func(r *Rate) any { return &r.Requests })},
		{name: "burst", kind: kindInt, initial: `0`, min: 0, max: 1_000_000, unit: "requests",
			doc:   "How many may come at once beyond that.",
			also:  []string{"bucket"},
			field: in(func(r *Rate) any { return &r.Burst })},
		{name: "delay", kind: kindBool, initial: `false`,
			doc:   "Whether requests of the burst wait until it is their time, instead of being answered at once.",
			also:  []string{"nodelay", "wait", "queue"},
			field: in(func(r *Rate) any { return &r.Delay })},
		{name: "by", kind: kindTemplate, initial: `"client"`, scope: template.ForBody, check: checkRateKey, example: `"{request.X-Api-Key}"`,
			doc:   "What is counted together: requests of one client, of one user, or with the same text for a template. A user that is not known, and a text that is empty, are counted by client.",
			also:  []string{"key", "zone", "per"},
			field: in(func(r *Rate) any { return &r.By })},
		{name: "concurrent", kind: kindInt, initial: `0`, min: 0, max: 1_000_000, unit: "requests",
			doc:   "Requests at once, from their beginning to the end of their responses; 0 is no bound.",
			also:  []string{"limit_conn", "connections", "parallel"},
			field: in(func(r *Rate) any { return &r.Concurrent })},
		{name: "bandwidth", kind: kindSize, initial: `0`, min: 0, max: 1 << 40, unit: "a second", example: `"1MiB"`,
			doc:   "Bytes a second that each response leaves with; 0 is no bound. The next one begins with a quarter of a second's at once, so that it is no bound for whoever asks often: see bandwidth_per_client.",
			also:  []string{"limit_rate", "bytes", "speed"},
			field: in(func(r *Rate) any { return &r.Bandwidth })},
		{name: "bandwidth_per_client", kind: kindSize, initial: `0`, min: 0, max: 1 << 40, unit: "a second", example: `"4MiB"`,
			doc:   "Bytes a second that all responses leave with that are counted together, over however many connections; 0 is no bound. Those under way take turns.",
			also:  []string{"limit_rate_per_client", "client_bandwidth", "shared_bandwidth", "total_bandwidth"},
			field: in(func(r *Rate) any { return &r.PerClient })},
		{name: "keys", kind: kindInt, initial: `65536`, min: 64, max: 16 << 20, unit: "clients",
			doc:   "How many clients, users or texts are remembered; the one that was away for longest makes room. One takes about 100 bytes.",
			also:  []string{"size", "zone_size", "entries"},
			field: in(func(r *Rate) any { return &r.Keys })},
		{name: "headers", kind: kindBool, initial: `false`,
			doc:   "Whether responses say in the fields RateLimit and RateLimit-Policy what is left, as a draft of the IETF has it.",
			also:  []string{"fields", "ratelimit_headers"},
			field: in(func(r *Rate) any { return &r.Headers })},
		{name: "exempt", kind: kindNetworks, example: `["127.0.0.0/8", "::1"]`,
			doc:   "Addresses and networks that are not bounded.",
			also:  []string{"except", "allow", "whitelist", "geo"},
			field: in(func(r *Rate) any { return &r.Exempt })},
	},
	done: checkRate,
})

// proxiesSettings are those of the proxies block, at the top level and in a listen block.
var proxiesSettings = []*setting{
	{name: "trusted", kind: kindNetworks, example: `["10.0.0.0/8", "2001:db8::/64"]`,
		doc:   "Addresses and networks of the proxies and load balancers in front of the server. Only connections from there are asked for whom they came.",
		also:  []string{"set_real_ip_from", "remoteipinternalproxy", "remoteiptrustedproxy", "from", "trusted_proxies", "allow", "networks"},
		field: in(func(p *Proxies) any { return &p.Trusted })},
	{name: "field", kind: kindChoice, initial: `"X-Forwarded-For"`, choices: []string{"X-Forwarded-For", "Forwarded"},
		doc:   "The field in which they say it. The other one is not looked at: a proxy that does not write it lets the client's own through.",
		also:  []string{"header", "real_ip_header", "remoteipheader"},
		field: in(func(p *Proxies) any { return &p.Field })},
	{name: "hops", kind: kindInt, initial: `16`, min: 1, max: 1000, unit: "hops",
		doc:   "How many addresses of the field are looked at; a request with more trusted ones in a row is refused with 400.",
		also:  []string{"max", "limit", "depth"},
		field: in(func(p *Proxies) any { return &p.Hops })},
}

const proxiesDoc = "Whose word about the client counts. From the connection's own address the hops are walked from the right to the left, through trusted addresses only; the first other one is the client, for access and rate rules, logs and placeholders."

// proxiesBlock is the top level's, proxiesOfListen a listen block's own.
var (
	proxiesBlock = always(func(c *Config) any { return &c.Proxies }, blockType{
		name: "proxies", doc: proxiesDoc, settings: proxiesSettings, done: checkProxies,
		example: "proxies {\n  trusted = [\"10.0.0.0/8\"]\n}",
		also:    []string{"real_ip", "remoteip", "trusted_proxies", "set_real_ip_from", "forwarded"},
	})
	proxiesOfListen = &blockType{
		name: "proxies", doc: proxiesDoc + " This one holds for the listener, in place of the top level's.", settings: proxiesSettings, done: checkProxies,
		example: "proxies {\n  trusted = [\"10.0.0.0/8\"]\n  field   = \"Forwarded\"\n}",
		also:    []string{"real_ip", "remoteip", "trusted_proxies", "set_real_ip_from", "proxy_protocol"},
		open: func(d *decoder, owner any) any {
			l := owner.(*Listen)
			l.Proxies = &Proxies{}
			return l.Proxies
		},
		each: func(owner any) []any { return present(owner.(*Listen).Proxies) },
	}
)
