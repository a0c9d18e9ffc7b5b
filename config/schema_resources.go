package config

import "vitrine/config/template"

var linksChoices = []string{"inside", "owner", "none"}

var linksSetting = &setting{name: "links", kind: kindChoice, initial: `"inside"`, choices: linksChoices,
	doc:   "Which symbolic links are followed: those that stay inside the root, those that belong to whom what they lead to belongs to (also out of the root), or none.",
	also:  []string{"symlinks", "followsymlinks", "disable_symlinks", "symlinksifownermatch", "follow_symlinks"},
	field: in(func(f *Files) any { return &f.Links })}

var routeFileSetting = &setting{name: "file", kind: kindRead, example: `"/srv/robots.txt"`,
	doc:   "One file that is served for every path the route matches, wherever it lies; with a cgi block, the one program that answers them.",
	also:  []string{"alias"},
	field: in(func(r *Route) any { return &r.File })}

var homesBlock = &blockType{
	name: "homes",
	labels: labels{name: "prefix", max: 1, min: 1, check: checkHomesPrefix,
		field: in(func(h *Homes) any { return &h.Prefix })},
	doc: "Folders of the system's users: with the prefix \"/~\", the path /~name/page leads to page in the folder public_html of name's home. " +
		"A user that there is not and one whose folder is not served look alike to clients.",
	example: "homes \"/~\" {\n  folder = \"public_html\"\n  except = [\"guest\"]\n}",
	also:    []string{"userdir", "user_dir", "userhomes", "user_homes", "public_html"},
	settings: []*setting{
		{name: "folder", kind: kindText, initial: `"public_html"`, check: checkBelowHome,
			doc:   "The folder below a user's home that is served. It must belong to the user, and no link leads there from outside the home.",
			also:  []string{"directory", "dir", "root"},
			field: in(func(h *Homes) any { return &h.Folder })},
		{name: "pattern", kind: kindText, initial: `""`, check: checkHomesPattern, example: `"/home/*/public_html"`,
			doc:   "Where the folders are, with * for the user's name, instead of the homes that the system's user database knows and folder.",
			field: in(func(h *Homes) any { return &h.Pattern })},
		{name: "users", kind: kindTexts, example: `["alice", "bob"]`, check: checkUserName,
			doc:   "Those whose folders are served; without it, all but the system's users and those of except.",
			also:  []string{"enabled", "allow", "only"},
			field: in(func(h *Homes) any { return &h.Users })},
		{name: "except", kind: kindTexts, example: `["guest"]`, check: checkUserName,
			doc:   "Those whose folders are not served.",
			also:  []string{"disabled", "deny"},
			field: in(func(h *Homes) any { return &h.Except })},
		{name: "first_uid", kind: kindInt, initial: `1000`, min: 1, max: 1 << 31, unit: "user number",
			doc:   "Users with lower numbers are the system's, and served only when users lists them.",
			also:  []string{"min_uid", "uid_min"},
			field: in(func(h *Homes) any { return &h.FirstUID })},
		{name: "last_uid", kind: kindInt, initial: `59999`, min: 1, max: 1<<32 - 2, unit: "user number",
			doc:   "Users with higher numbers, such as nobody, are the system's, too.",
			also:  []string{"max_uid", "uid_max"},
			field: in(func(h *Homes) any { return &h.LastUID })},
		{name: "links", kind: kindChoice, initial: `"inside"`, choices: linksChoices,
			doc:   "Which symbolic links in a home are followed, as in files.",
			also:  []string{"symlinks", "symlinksifownermatch"},
			field: in(func(h *Homes) any { return &h.Links })},
		{name: "open", kind: kindInt, initial: `256`, min: 1, max: 1 << 16, unit: "folders",
			doc:   "How many users' folders are open at once; the one that was used least lately is closed for the next.",
			field: in(func(h *Homes) any { return &h.Open })},
		{name: "fresh", kind: kindDuration, initial: `"1m"`, min: 1e9, max: 24 * 3600e9,
			doc:   "The user database is asked again about a user after this time, and a folder that nobody asked for as long is closed.",
			field: in(func(h *Homes) any { return &h.Fresh })},
	},
	open: func(d *decoder, owner any) any {
		h := &Homes{}
		as[Settings](owner).Homes = h
		return h
	},
	each: func(owner any) []any { return present(as[Settings](owner).Homes) },
	done: checkHomes,
}

var listBlock = always(func(f *Files) any { return &f.List }, blockType{
	name:    "list",
	doc:     "How a folder is listed where listing is true. Clients ask for another order with ?sort=size&order=desc, or as Apache's listings do, ?C=S;O=D.",
	example: "list {\n  ignore       = [\"*.bak\", \"*~\"]\n  readme       = [\"README.txt\", \"README.html\"]\n  descriptions = { \"*.iso\" = \"disc image\" }\n}",
	also:    []string{"indexoptions", "autoindex_format", "fancyindexing"},
	settings: []*setting{
		{name: "sort", kind: kindChoice, initial: `"name"`, choices: []string{"name", "size", "time"},
			doc:   "What is sorted by when the client does not say.",
			also:  []string{"indexorderdefault"},
			field: in(func(l *List) any { return &l.Sort })},
		{name: "order", kind: kindChoice, initial: `"asc"`, choices: []string{"asc", "desc"},
			doc:   "Upwards or downwards. Folders come first in both.",
			field: in(func(l *List) any { return &l.Order })},
		{name: "ignore", kind: kindTexts, example: `["*.bak", "*~"]`, check: checkNamePattern,
			doc:   "Names that are not listed, with * for anything. They are still served to whoever knows them.",
			also:  []string{"indexignore", "hide", "exclude"},
			field: in(func(l *List) any { return &l.Ignore })},
		{name: "header", kind: kindTexts, example: `["HEADER.txt"]`, check: checkFileName,
			doc:   "What is shown above the list: the first of these files that is in the folder, 64 KiB at most, as plain text.",
			also:  []string{"headername", "head"},
			field: in(func(l *List) any { return &l.Header })},
		{name: "readme", kind: kindTexts, example: `["README.txt", "README"]`, check: checkFileName,
			doc:   "What is shown below the list, likewise.",
			also:  []string{"readmename", "footer"},
			field: in(func(l *List) any { return &l.Readme })},
		{name: "descriptions", kind: kindTextMap, example: `{ "*.iso" = "disc image" }`,
			doc:   "A column that says what things are, by their names, with * for anything; the first pattern that fits counts.",
			also:  []string{"adddescription"},
			field: in(func(l *List) any { return &l.Descriptions })},
		{name: "page", kind: kindInt, initial: `1000`, min: 0, max: 10000, unit: "entries",
			doc:   "How many entries are on one page; 0 puts all on one.",
			also:  []string{"per_page", "limit"},
			field: in(func(l *List) any { return &l.Page })},
	},
})

var errorsBlock = always(func(s *Settings) any { return &s.Errors }, blockType{
	name: "errors",
	doc: "Pages for errors. A page for the status itself comes before one for its class, and of several for the same an inner one before an outer one. " +
		"When pages have several types, the request's Accept decides; when it accepts none of them, or a page cannot be served, the answer is the program's own.",
	example: "errors {\n  page \"404\" {\n    file = \"/errors/404.html\"\n  }\n  page \"5xx\" {\n    body = \"<h1>Sorry</h1><p>Tell us {journey}.</p>\"\n    type = \"text/html\"\n  }\n}",
	also:    []string{"error_page", "errordocument", "error_pages", "error", "handle_errors"},
	blocks:  []*blockType{errorPageBlock},
})

var errorPageBlock = &blockType{
	name: "page", many: true,
	labels: labels{name: "status", min: 1, max: -1, check: checkErrorStatus,
		field: in(func(p *ErrorPage) any { return &p.Statuses })},
	doc:     "What is answered with these statuses: a file, a path of the site, a text, or a redirect. The status stays unless another is named.",
	example: "page \"404\" \"410\" {\n  file = \"/errors/gone.html\"\n}",
	also:    []string{"status", "code"},
	settings: []*setting{
		{name: "file", kind: kindText, example: `"/errors/404.html"`, check: checkMissingPath,
			doc:   "A file under root.",
			field: in(func(p *ErrorPage) any { return &p.File })},
		{name: "placeholders", kind: kindBool, initial: `false`,
			doc:   "Whether placeholders in the file, such as {journey}, are filled in, escaped as its type needs. Other braces stay as they are. Up to 256 KiB.",
			also:  []string{"templates", "template"},
			field: in(func(p *ErrorPage) any { return &p.Placeholders })},
		{name: "path", kind: kindText, example: `"/errors/show.cgi"`, check: checkErrorPath,
			doc:   "A path of the site, answered as if it had been asked for with GET: routes, access and scripts hold for it.",
			also:  []string{"uri"},
			field: in(func(p *ErrorPage) any { return &p.Path })},
		{name: "body", kind: kindTemplate, scope: template.ForHeader, example: `"{status}: ask us about {journey}\n"`,
			doc:   "The text itself, with placeholders, escaped as type needs.",
			also:  []string{"text", "content"},
			field: in(func(p *ErrorPage) any { return &p.Body })},
		{name: "type", kind: kindText, initial: `"text/html; charset=utf-8"`, check: checkMediaType,
			doc:   "The media type of body.",
			also:  []string{"content_type"},
			field: in(func(p *ErrorPage) any { return &p.Type })},
		{name: "redirect", kind: kindTemplate, scope: template.ForRedirect, check: checkRedirectTarget, example: `"https://status.example.org/"`,
			doc:   "Where the client is sent instead, with status 302 unless status says another.",
			also:  []string{"url", "location"},
			field: in(func(p *ErrorPage) any { return &p.Redirect })},
		{name: "status", kind: kindInt, min: 200, max: 599, example: `200`,
			doc:   "The status that is answered instead of the error's own.",
			also:  []string{"code", "response"},
			field: in(func(p *ErrorPage) any { return &p.Status })},
	},
	open: func(d *decoder, owner any) any {
		e := owner.(*ErrorPages)
		p := &ErrorPage{}
		e.Pages = append(e.Pages, p)
		return p
	},
	each: func(owner any) []any { return anys(owner.(*ErrorPages).Pages) },
	done: checkErrorPage,
}

var expiresBlock = always(func(s *Settings) any { return &s.Expires }, blockType{
	name:    "expires",
	doc:     "How long clients may keep what they got before they ask again: Cache-Control: max-age for successful answers that have no Cache-Control of their own.",
	example: "expires {\n  default = \"1h\"\n  types   = { \"text/html\" = \"0\", \"image/*\" = \"30d\" }\n}",
	also:    []string{"expiresactive", "expiresbytype", "expiresdefault", "cache_control", "max_age"},
	settings: []*setting{
		{name: "default", kind: kindDuration, min: 0, max: 10 * 366 * 24 * 3600e9, example: `"1h"`,
			doc:   "For types that types does not name; without it, those say nothing.",
			also:  []string{"expiresdefault", "all"},
			field: in(func(e *Expires) any { return &e.Default })},
		{name: "types", kind: kindTextMap, example: `{ "text/html" = "0", "image/*" = "30d" }`, check: checkAge,
			doc:   "By media type, exact before \"image/*\".",
			also:  []string{"expiresbytype", "by_type"},
			field: in(func(e *Expires) any { return &e.Types })},
		{name: "modified", kind: kindBool, initial: `false`,
			doc:   "Whether the time counts from when the file was modified, and not from the request.",
			field: in(func(e *Expires) any { return &e.Modified })},
	},
})
