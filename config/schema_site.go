package config

import "vitrine/config/template"

// The settings that sites and routes share.
var (
	rootSetting = &setting{name: "root", kind: kindFolder, example: `"/srv/www"`,
		doc:   "The folder whose files are served, relative to the file that says it. A route takes its site's when it says no other way to answer.",
		also:  []string{"document_root", "documentroot", "docroot", "dir", "directory", "folder"},
		field: in(func(s *Settings) any { return &s.Root })}
	stripPrefixSetting = &setting{name: "strip_prefix", kind: kindText, example: `"/static"`, check: checkStripPrefix,
		doc:   "What is taken from the front of the path before it is looked for under root. Where file names a script, what follows it is the script's PATH_INFO.",
		also:  []string{"strip", "uri_strip_prefix"},
		field: in(func(s *Settings) any { return &s.StripPrefix })}
	bodyBytesSetting = &setting{name: "body_bytes", kind: kindSize, min: 0, max: 1 << 50, example: `"10MiB"`,
		doc:   "The body of one request; a longer one is answered with 413; 0 is no bound. Without it, the bound of limits holds.",
		also:  []string{"client_max_body_size", "limitrequestbody", "max_body"},
		field: in(func(s *Settings) any { return &s.BodyBytes })}
)

var siteBlock = &blockType{
	name: "site", many: true, late: true,
	labels: labels{name: "host", max: -1, instead: "hosts", check: checkHost,
		field: in(func(s *Site) any { return &s.Hosts })},
	doc:     "One web site, chosen by the host name that a request asks for: an exact name before the longest wildcard before the default. A host that no site claims is refused with 421.",
	example: "site \"example.org\" \"*.example.org\" {\n  root = \"/srv/www\"\n}",
	also:    []string{"virtualhost", "vhost", "host", "virtual_host", "server"},
	settings: []*setting{
		{name: "hosts", kind: kindTexts, more: true, example: `[env.HOST]`, check: checkHost,
			doc:   "The host names, where an expression is needed: the block's own labels are plain text.",
			also:  []string{"host", "names", "server_name", "servername", "serveralias"},
			field: in(func(s *Site) any { return &s.Hosts })},
		{name: "address", kind: kindSockets, example: `["198.18.0.1:80", "[::1]:0"]`,
			doc:   "Local addresses that choose this site whatever host is asked for; a port of 0 is any port.",
			also:  []string{"addresses", "ip"},
			field: in(func(s *Site) any { return &s.Address })},
		{name: "default", kind: kindBool, initial: `false`,
			doc:   "Whether this site answers for hosts that no site claims, instead of 421.",
			also:  []string{"default_server", "fallback", "catch_all"},
			field: in(func(s *Site) any { return &s.Default })},
		rootSetting, stripPrefixSetting, bodyBytesSetting,
	},
	blocks: []*blockType{
		listenBlock, filesBlock, cgiBlock, typesBlock, negotiateBlock, compressBlock, ssiBlock,
		augmentBlock, balanceBlock, nearerBlock, headerBlock, accessBlock, rateBlock, logBlock, routeBlock, expectBlock,
		homesBlock, errorsBlock, expiresBlock,
	},
	open: func(d *decoder, owner any) any {
		c := owner.(*Config)
		c.Base.BodyBytes = c.Limits.BodyBytes
		s := &Site{Settings: c.Base.inherited()}
		c.Sites = append(c.Sites, s)
		return s
	},
	each: func(owner any) []any { return anys(owner.(*Config).Sites) },
	done: checkSite,
}

var routeBlock = &blockType{
	name: "route", many: true, late: true,
	labels: labels{name: "pattern", min: 1, max: 1, check: checkPattern,
		field: in(func(r *Route) any { return &r.Pattern })},
	doc:     "What holds for some paths. Routes are tried in file order and the first that matches answers. A pattern is an exact path, a folder and everything below with /* at its end, or a glob in which * stands for anything within a segment and ** for anything at all; %XX is the byte itself.",
	example: "route \"/static/*\" {\n  root         = \"/srv/static\"\n  strip_prefix = \"/static\"\n}",
	also:    []string{"location", "path", "handle", "match", "url"},
	settings: []*setting{
		{name: "methods", kind: kindTexts, example: `["GET", "HEAD"]`, check: checkMethod,
			doc:   "The methods this route answers; without it, all. Another method goes on to the next route.",
			also:  []string{"method", "limit_except", "verbs"},
			field: in(func(r *Route) any { return &r.Methods })},
		routeFileSetting, internalSetting, rootSetting, stripPrefixSetting, bodyBytesSetting,
	},
	blocks: []*blockType{homesBlock, errorsBlock, expiresBlock, respondBlock, redirectBlock, handlerBlock, cgiBlock, fastcgiBlock, filesBlock, typesBlock, negotiateBlock, compressBlock, ssiBlock, augmentBlock, balanceBlock, nearerBlock, headerBlock, accessBlock, rateBlock, logBlock},
	open: func(d *decoder, owner any) any {
		s := owner.(*Site)
		r := &Route{Settings: s.Settings.inherited()}
		s.Routes = append(s.Routes, r)
		return r
	},
	each: func(owner any) []any { return anys(owner.(*Site).Routes) },
	done: checkRoute,
}

var respondBlock = &blockType{
	name:    "respond",
	doc:     "A fixed answer.",
	example: "respond {\n  body = \"hello {client.address}\\n\"\n}",
	also:    []string{"return", "response", "reply", "answer"},
	settings: []*setting{
		{name: "status", kind: kindInt, initial: `200`, min: 200, max: 599,
			doc:   "The status.",
			also:  []string{"code"},
			field: in(func(r *Respond) any { return &r.Status })},
		{name: "type", kind: kindText, initial: `"text/plain; charset=utf-8"`, check: checkMediaType,
			doc:   "The Content-Type.",
			also:  []string{"content_type", "default_type", "mime"},
			field: in(func(r *Respond) any { return &r.Type })},
		{name: "body", kind: kindTemplate, initial: `""`, scope: template.ForBody, example: `"hello {client.address}\n"`,
			doc:   "The body, with placeholders. An error (a status of 400 and above) without one has the site's page for it, or the program's own; body = \"\" is an empty one.",
			also:  []string{"text", "content"},
			field: in(func(r *Respond) any { return &r.Body })},
	},
	open: func(d *decoder, owner any) any {
		r := owner.(*Route)
		r.Respond = &Respond{}
		return r.Respond
	},
	each: func(owner any) []any { return present(owner.(*Route).Respond) },
	done: checkRespond,
}

var redirectBlock = &blockType{
	name: "redirect",
	labels: labels{name: "target", max: 1, instead: "to", check: checkRedirectTarget, scope: template.ForRedirect,
		field: in(func(r *Redirect) any { return &r.To })},
	doc:     "An answer that sends the client elsewhere.",
	example: "redirect \"/new/{path.tail}\" {\n  status = 308\n}",
	also:    []string{"return", "rewrite", "redir"},
	settings: []*setting{
		{name: "to", kind: kindTemplate, scope: template.ForRedirect, example: `"${local.base}/{path.tail}"`, check: checkRedirectTarget,
			doc:   "Where to, where an expression is needed: the block's own label is plain text.",
			also:  []string{"target", "url", "location"},
			field: in(func(r *Redirect) any { return &r.To })},
		{name: "status", kind: kindInt, initial: `302`, check: checkRedirectStatus,
			doc:   "301 and 308 are for good and remembered by clients, 302 and 307 for now; 307 and 308 keep the method, 303 makes it GET.",
			also:  []string{"code"},
			field: in(func(r *Redirect) any { return &r.Status })},
	},
	open: func(d *decoder, owner any) any {
		r := owner.(*Route)
		r.Redirect = &Redirect{}
		return r.Redirect
	},
	each: func(owner any) []any { return present(owner.(*Route).Redirect) },
	done: checkRedirect,
}

var filesBlock = always(func(s *Settings) any { return &s.Files }, blockType{
	name:    "files",
	doc:     "How a path becomes a file. A site or route that says only some of its settings takes the others from outside.",
	example: "files {\n  index   = [\"index.html\"]\n  listing = true\n  missing \"/404.html\" {\n  }\n}",
	also:    []string{"file_server", "static", "file"},
	settings: []*setting{
		{name: "index", kind: kindTexts, initial: `["index.html"]`, check: checkFileName,
			doc:   "What is served for a folder: the first of these names that is in it.",
			also:  []string{"directoryindex", "indexes", "try_files"},
			field: in(func(f *Files) any { return &f.Index })},
		{name: "listing", kind: kindBool, initial: `false`,
			doc:   "Whether a folder without an index is listed, in HTML or JSON.",
			also:  []string{"autoindex", "browse", "directory_listing"},
			field: in(func(f *Files) any { return &f.Listing })},
		{name: "hidden", kind: kindBool, initial: `false`,
			doc:   "Whether names that begin with a dot are served and listed.",
			also:  []string{"dotfiles", "hide"},
			field: in(func(f *Files) any { return &f.Hidden })},
		{name: "methods", kind: kindTexts, initial: `["GET", "HEAD"]`, check: checkMethod,
			doc:   "The methods that files answer; another is answered with 405.",
			field: in(func(f *Files) any { return &f.Methods })},
		linksSetting,
	},
	blocks: []*blockType{missingBlock, listBlock},
})

var missingBlock = &blockType{
	name: "missing",
	labels: labels{name: "path", min: 1, max: 1, check: checkMissingPath,
		field: in(func(m *Missing) any { return &m.Path })},
	doc:     "What is served when nothing is there: a file under root. With status 200 it makes a single-page application.",
	example: "missing \"/index.html\" {\n  status = 200\n}",
	also:    []string{"error_page", "errordocument", "fallback", "try_files", "not_found"},
	settings: []*setting{
		{name: "status", kind: kindInt, initial: `404`, min: 200, max: 599,
			doc:   "The status it is served with.",
			also:  []string{"code"},
			field: in(func(m *Missing) any { return &m.Status })},
	},
	open: func(d *decoder, owner any) any {
		f := owner.(*Files)
		f.Missing = &Missing{}
		return f.Missing
	},
	each: func(owner any) []any { return present(owner.(*Files).Missing) },
}

// headerLines is the value of one header block: rules that it adds to, or that it is printed from.
type headerLines struct {
	rules *[]HeaderRule
	when  *HeaderWhen
}

// headerField is where the lines of one action go.
type headerField struct {
	rules  *[]HeaderRule
	action HeaderAction
	when   *HeaderWhen
}

func headerAction(a HeaderAction) func(any) any {
	return in(func(h *headerLines) any { return &headerField{h.rules, a, h.when} })
}

var headerBlock = &blockType{
	name: "header", many: true,
	doc:     "Changes to the header of the response. The rules of the top level come first, then the site's, then the route's, each in file order.",
	example: "header {\n  set    = { X-Frame-Options = \"DENY\" }\n  remove = [\"X-Powered-By\"]\n}",
	also:    []string{"headers", "add_header", "response_headers"},
	settings: []*setting{
		{name: "set", kind: kindHeaders, scope: template.ForHeader, example: `{ X-Frame-Options = "DENY" }`,
			doc: "Fields to put in place of those the response has.", also: []string{"add_header", "replace"},
			field: headerAction(HeaderSet)},
		{name: "add", kind: kindHeaders, scope: template.ForHeader, example: `{ Link = "</style.css>; rel=preload" }`,
			doc: "Fields to add to those the response has.", also: []string{"append"},
			field: headerAction(HeaderAdd)},
		{name: "remove", kind: kindFieldNames, example: `["X-Powered-By"]`,
			doc: "Fields to take away.", also: []string{"unset", "delete", "hide"},
			field: headerAction(HeaderRemove)},
		{name: "default", kind: kindHeaders, scope: template.ForHeader, example: `{ Cache-Control = "no-cache" }`,
			doc: "Fields to put there only when the response has none of that name.", also: []string{"setifempty", "missing"},
			field: headerAction(HeaderDefault)},
		{name: "status", kind: kindTexts, example: `[404, "5xx"]`, check: checkStatusClass,
			doc: "The statuses for which the block holds; without it, all.", also: []string{"statuses", "code", "codes", "when"},
			field: in(func(h *headerLines) any { return &h.when.Status })},
		{name: "types", kind: kindTexts, example: `["text/html", "image/*"]`, check: checkMediaRange,
			doc: "The media types of the response for which the block holds; without it, all.", also: []string{"type", "content_type"},
			field: in(func(h *headerLines) any { return &h.when.Types })},
		{name: "methods", kind: kindTexts, example: `["GET"]`, check: checkMethod,
			doc: "The request's methods for which the block holds; without it, all.", also: []string{"method"},
			field: in(func(h *headerLines) any { return &h.when.Methods })},
	},
	open: func(d *decoder, owner any) any { return &headerLines{&as[Settings](owner).Headers, &HeaderWhen{}} },
	each: func(owner any) []any { return headerGroups(as[Settings](owner).Headers) },
}

// present lists a value that may be there.
func present[T any](v *T) []any {
	if v == nil {
		return nil
	}
	return []any{v}
}
