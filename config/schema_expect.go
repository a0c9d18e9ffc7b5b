package config

var expectBlock = &blockType{
	name: "expect", many: true, late: true,
	labels:  labels{name: "name", min: 1, max: 1, field: in(func(e *Expect) any { return &e.Name })},
	doc:     "What must be true of one request. The check command runs it without a socket, on the files as they are. Only what is written is compared.",
	example: "expect \"the front page\" {\n  url    = \"http://example.org/\"\n  status = 200\n  type   = \"text/html; charset=utf-8\"\n}",
	also:    []string{"test", "assert", "expectation"},
	settings: []*setting{
		{name: "method", kind: kindText, initial: `"GET"`, check: checkMethod,
			doc:   "The method of the request.",
			field: in(func(e *Expect) any { return &e.Method })},
		{name: "url", kind: kindText, example: `"http://example.org/"`,
			doc:   "The URL that is asked for. Inside a site it may begin with the path: the site's first host is meant.",
			also:  []string{"uri", "path", "request", "get"},
			field: in(func(e *Expect) any { return &e.URL })},
		{name: "from", kind: kindAddress, initial: `"127.0.0.1"`,
			doc:   "The client's address.",
			also:  []string{"client", "source", "remote"},
			field: in(func(e *Expect) any { return &e.From })},
		{name: "send", kind: kindTextMap, example: `{ Accept = "text/html" }`, check: checkFieldValue,
			doc:   "Header fields of the request.",
			also:  []string{"headers", "header", "request"},
			field: in(func(e *Expect) any { return &e.Send })},
		{name: "status", kind: kindInt, min: 100, max: 599, example: `200`,
			doc:   "The status of the response.",
			also:  []string{"code"},
			field: in(func(e *Expect) any { return &e.Status })},
		{name: "site", kind: kindText, example: `"example.org"`,
			doc:   "The site that answers, by one of its hosts.",
			field: in(func(e *Expect) any { return &e.Site })},
		{name: "route", kind: kindText, example: `"/static/*"`,
			doc:   "The route that answers, by its pattern.",
			also:  []string{"pattern"},
			field: in(func(e *Expect) any { return &e.Route })},
		{name: "file", kind: kindText, example: `"index.html"`,
			doc:   "The file that is sent, below root.",
			field: in(func(e *Expect) any { return &e.File })},
		{name: "type", kind: kindText, example: `"text/html; charset=utf-8"`, check: checkMediaType,
			doc:   "The Content-Type of the response.",
			also:  []string{"content_type", "mime"},
			field: in(func(e *Expect) any { return &e.Type })},
		{name: "location", kind: kindText, example: `"/new/"`,
			doc:   "The Location of the response.",
			also:  []string{"redirect", "to"},
			field: in(func(e *Expect) any { return &e.Location })},
		{name: "reasons", kind: kindTexts, example: `["route.matched"]`,
			doc:   "Ids of Reasons that must be among the decisions; the reasons command lists them all.",
			also:  []string{"reason", "why"},
			field: in(func(e *Expect) any { return &e.Reasons })},
		{name: "fields", kind: kindTextMap, example: `{ ETag = "\"abc\"", X-Powered-By = "" }`, check: checkFieldValue,
			doc:   "Header fields of the response and their values; an empty text means that the field must be absent.",
			also:  []string{"headers", "header", "response"},
			field: in(func(e *Expect) any { return &e.Fields })},
		{name: "body", kind: kindText, example: `"Welcome"`,
			doc:   "Text that the body contains.",
			also:  []string{"contains", "text"},
			field: in(func(e *Expect) any { return &e.Body })},
	},
	open: func(d *decoder, owner any) any {
		e := &Expect{}
		switch o := owner.(type) {
		case *Config:
			o.Expects = append(o.Expects, e)
		case *Site:
			d.config.Expects = append(d.config.Expects, e)
			d.expectIn[e] = o
		}
		return e
	},
	each: func(owner any) []any {
		if c, ok := owner.(*Config); ok {
			return anys(c.Expects)
		}
		return nil // those inside a site are listed at the top level, with whole URLs
	},
	done: checkExpect,
}
