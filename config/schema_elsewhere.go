package config

import "vitrine/config/template"

// What sends clients to another URL without a route of its own: state in the URL, other servers.

var augmentBlock = &blockType{
	name: "augment",
	labels: labels{name: "parameter", min: 1, max: 1, check: checkParameter,
		field: in(func(a *Augment) any { return &a.Name })},
	doc: "State that is kept in the URL: a request without the query parameter is sent to the same URL with it, so that the value comes back with every request that follows from there. " +
		"Only GET and HEAD are sent on; use {query.NAME} where the value is wanted.",
	example: "augment \"visit\" {\n  value = \"{journey}\"\n  valid = \"[0-9a-f]{16}\"\n}",
	also:    []string{"url_augmentation", "session", "fat_url", "rewriteurl"},
	settings: []*setting{
		{name: "value", kind: kindTemplate, initial: `"{journey}"`, scope: template.ForRedirect,
			doc:   "What a client gets that has no value yet.",
			field: in(func(a *Augment) any { return &a.Value })},
		{name: "valid", kind: kindText, initial: `""`, check: checkWholeRegexp, example: `"[0-9a-f]{16}"`,
			doc:   "A regular expression that the whole value must match; another value is replaced. Without it, every value that is not empty is kept. A default that it does not match would lead in a circle, and is refused.",
			also:  []string{"pattern", "match"},
			field: in(func(a *Augment) any { return &a.Valid })},
		statusSetting(`302`, func(a *Augment) any { return &a.Status }),
	},
	open: func(d *decoder, owner any) any {
		a := &Augment{}
		as[Settings](owner).Augment = a
		return a
	},
	each: func(owner any) []any { return present(as[Settings](owner).Augment) },
	done: checkAugment,
}

func statusSetting[T any](initial string, field func(*T) any) *setting {
	return &setting{name: "status", kind: kindInt, initial: initial, check: checkAwayStatus,
		doc:   "The redirect's status: 302, 303 or 307. With 307 the method stays.",
		also:  []string{"code"},
		field: in(field)}
}

var balanceBlock = &blockType{
	name: "balance",
	doc: "Where clients are sent when this server is overloaded: a redirect costs less than the answer. The server is chosen by its weight and the client's address, so that a client stays with the one it was sent to. " +
		"With 302 and 303 only GET and HEAD are sent on, with 307 everything that has no body.",
	example: "balance {\n  measure = \"connections\"\n  above   = 5000\n  server \"http://b.example.org\" {\n  }\n}",
	also:    []string{"load_balancing", "overload", "least_conn"},
	settings: []*setting{
		{name: "measure", kind: kindChoice, initial: `"connections"`, choices: []string{"connections", "requests", "load"},
			doc:   "What is measured: open connections, requests that wait for a disk, a script or another server, or the system's load average over a minute, in percent of its processors.",
			also:  []string{"when", "metric"},
			field: in(func(b *Balance) any { return &b.Measure })},
		{name: "above", kind: kindInt, min: 1, max: 1 << 30, initial: `1000`,
			doc:   "The server is overloaded when there are more than this.",
			also:  []string{"threshold", "max", "limit"},
			field: in(func(b *Balance) any { return &b.Above })},
		{name: "below", kind: kindInt, min: 0, max: 1 << 30, initial: `0`,
			doc:   "It is not any more when there are at most this; 0 is nine tenths of above.",
			field: in(func(b *Balance) any { return &b.Below })},
		{name: "mark", kind: kindText, initial: `"balanced"`, check: optional(checkParameter),
			doc:   "A query parameter that is added to the URL: a request that has it is answered here, however busy it is, so that two servers do not send a client to and fro. An empty text adds none.",
			also:  []string{"marker"},
			field: in(func(b *Balance) any { return &b.Mark })},
		statusSetting(`307`, func(b *Balance) any { return &b.Status }),
	},
	blocks: []*blockType{elsewhereServerBlock, healthBlock},
	open: func(d *decoder, owner any) any {
		b := &Balance{}
		as[Settings](owner).Balance = b
		return b
	},
	each: func(owner any) []any { return present(as[Settings](owner).Balance) },
	done: checkBalance,
}

var nearerBlock = &blockType{
	name: "nearer",
	doc: "Sends each client to the server that is for it: the one with the longest of its networks that contains the client's address; when none does, one by weight and the client's address, always the same. " +
		"One of the servers is this one.",
	example: "nearer {\n  server \"http://eu.example.org\" {\n    here     = true\n    networks = [\"192.0.2.0/24\"]\n  }\n  server \"http://asia.example.org\" {\n    networks = [\"198.51.100.0/24\"]\n  }\n}",
	also:    []string{"geo", "nearest", "affinity"},
	settings: []*setting{
		statusSetting(`307`, func(n *Nearer) any { return &n.Status }),
	},
	blocks: []*blockType{elsewhereServerBlock, healthBlock},
	open: func(d *decoder, owner any) any {
		n := &Nearer{}
		as[Settings](owner).Nearer = n
		return n
	},
	each: func(owner any) []any { return present(as[Settings](owner).Nearer) },
	done: checkNearer,
}

var elsewhereServerBlock = &blockType{
	name: "server", many: true,
	labels: labels{name: "URL", min: 1, max: 1, check: checkServerURL,
		field: in(func(s *ElsewhereServer) any { return &s.URL })},
	doc:     "A server that clients can be sent to. The path and the query that were asked for are put behind its URL.",
	example: "server \"http://b.example.org\" {\n  weight = 2\n}",
	also:    []string{"target", "backend", "member", "balancermember"},
	settings: []*setting{
		{name: "weight", kind: kindInt, initial: `1`, min: 1, max: 1000,
			doc:   "Its share of the clients, beside the other servers' weights.",
			field: in(func(s *ElsewhereServer) any { return &s.Weight })},
		{name: "networks", kind: kindNetworks, example: `["192.0.2.0/24"]`,
			doc:   "Clients that it is for, under nearer.",
			also:  []string{"clients", "network"},
			field: in(func(s *ElsewhereServer) any { return &s.Networks })},
		{name: "here", kind: kindBool, initial: `false`,
			doc:   "Whether it is this server, so that its clients are answered here, under nearer.",
			also:  []string{"self", "local"},
			field: in(func(s *ElsewhereServer) any { return &s.Here })},
	},
	open: func(d *decoder, owner any) any {
		s := &ElsewhereServer{}
		switch o := owner.(type) {
		case *Balance:
			o.Servers = append(o.Servers, s)
		case *Nearer:
			o.Servers = append(o.Servers, s)
		}
		return s
	},
	each: func(owner any) []any {
		if b, ok := owner.(*Balance); ok {
			return anys(b.Servers)
		}
		return anys(owner.(*Nearer).Servers)
	},
}

var healthBlock = &blockType{
	name: "check",
	labels: labels{name: "path", min: 1, max: 1, check: checkHealthPath,
		field: in(func(h *HealthCheck) any { return &h.Path })},
	doc:     "Asks each server now and then whether it is well, with GET and this path behind its URL; an answer below 400 in time is good. A server that is not well gets no clients. Without the block all are taken to be well.",
	example: "check \"/health\" {\n  interval = \"5s\"\n}",
	also:    []string{"health", "health_check", "hcmethod", "probe"},
	settings: []*setting{
		{name: "interval", kind: kindDuration, initial: `"5s"`, min: 100e6, max: 3600e9,
			doc:   "How long after one answer the server is asked again.",
			also:  []string{"every", "hcinterval"},
			field: in(func(h *HealthCheck) any { return &h.Interval })},
		{name: "timeout", kind: kindDuration, initial: `"2s"`, min: 10e6, max: 60e9,
			doc:   "How long an answer may take.",
			field: in(func(h *HealthCheck) any { return &h.Timeout })},
		{name: "rise", kind: kindInt, initial: `1`, min: 1, max: 100, unit: "answers",
			doc:   "How many good answers in a row make a server well again.",
			also:  []string{"hcpasses", "passes"},
			field: in(func(h *HealthCheck) any { return &h.Rise })},
		{name: "fall", kind: kindInt, initial: `3`, min: 1, max: 100, unit: "answers",
			doc:   "How many bad ones in a row make it unwell.",
			also:  []string{"hcfails", "fails", "max_fails"},
			field: in(func(h *HealthCheck) any { return &h.Fall })},
	},
	open: func(d *decoder, owner any) any {
		h := &HealthCheck{}
		switch o := owner.(type) {
		case *Balance:
			o.Check = h
		case *Nearer:
			o.Check = h
		}
		return h
	},
	each: func(owner any) []any {
		if b, ok := owner.(*Balance); ok {
			return present(b.Check)
		}
		return present(owner.(*Nearer).Check)
	},
}
