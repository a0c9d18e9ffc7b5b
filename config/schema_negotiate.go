package config

// Negotiate is the negotiate block: which of several files answers one path, by what the client says it wants
// (RFC 9110 §12).
type Negotiate struct {
	Variants    Value[bool]     // "page" is answered with page.html.en, page.html.ko and their like
	TypeMaps    Value[bool]     // a file that ends with .var lists the variants of what it is named after
	Precompress []Value[string] // codings of ready-made siblings such as style.css.br, in the order of preference
	Languages   []Value[string] // in the order of preference where the client's word does not decide
	WhenEqual   Value[string]   // "first" or "list"
	WhenNone    Value[string]   // "refuse" or "first"
	Candidates  Value[int]      // variants of one path that are looked at
	Names       Value[int]      // names of one folder that are looked at
	MapBytes    Value[int64]    // the longest type map
}

var negotiateBlock = always(func(s *Settings) any { return &s.Negotiate }, blockType{
	name:    "negotiate",
	doc:     "Which of several files answers one path, by what the client says it wants: its Accept, Accept-Language, Accept-Charset and Accept-Encoding.",
	example: "negotiate {\n  variants      = true\n  languages     = [\"en\", \"ko\"]\n  when_none     = \"first\"\n  precompressed = [\"br\", \"gzip\"]\n}",
	also:    []string{"negotiation", "multiviews", "content_negotiation", "variants"},
	settings: []*setting{
		{name: "variants", kind: kindBool, initial: `false`,
			doc:   "Whether a path that leads to nothing is answered with the best of the files whose names begin with it: page with page.html.en or page.html.ko, logo with logo.avif or logo.png.",
			also:  []string{"multiviews", "by_name"},
			field: in(func(n *Negotiate) any { return &n.Variants })},
		{name: "type_maps", kind: kindBool, initial: `false`,
			doc:   "Whether a file that ends with .var is a type map, a list of the variants to choose from, in Apache's format.",
			also:  []string{"type_map", "typemap", "var"},
			field: in(func(n *Negotiate) any { return &n.TypeMaps })},
		{name: "precompressed", kind: kindTexts, example: `["br", "zstd", "gzip"]`, check: checkPrecompressed,
			doc:   "Codings in which files stand ready beside the plain one, as style.css.br, style.css.zst and style.css.gz; of those that a client wants equally the first is sent. One that is older than the plain file is not.",
			also:  []string{"gzip_static", "brotli_static", "zstd_static", "static"},
			field: in(func(n *Negotiate) any { return &n.Precompress })},
		{name: "languages", kind: kindTexts, example: `["en", "ko", "de"]`, check: checkLanguage,
			doc:   "The order of preference among languages that the client wants equally, and where it wants none of those there are.",
			also:  []string{"languagepriority", "language", "priority", "defaultlanguage", "default"},
			field: in(func(n *Negotiate) any { return &n.Languages })},
		{name: "when_equal", kind: kindChoice, initial: `"first"`, choices: []string{"first", "list"},
			doc:   "What is sent when a client wants several languages, or types, equally: the first, by languages, then by size and name; or 300 with a list to choose from.",
			also:  []string{"forcelanguagepriority", "prefer", "ambiguous"},
			field: in(func(n *Negotiate) any { return &n.WhenEqual })},
		{name: "when_none", kind: kindChoice, initial: `"refuse"`, choices: []string{"refuse", "first"},
			doc:   "What is sent when a client wants none of the variants: 406 with a list of them; or the first, as if it had not said what it wants.",
			also:  []string{"fallback", "unacceptable", "not_acceptable"},
			field: in(func(n *Negotiate) any { return &n.WhenNone })},
		{name: "candidates", kind: kindInt, initial: `64`, min: 1, max: 1000, unit: "files",
			doc:   "Variants of one path that are looked at; further ones do not count.",
			also:  []string{"max_variants"},
			field: in(func(n *Negotiate) any { return &n.Candidates })},
		{name: "names", kind: kindInt, initial: `10000`, min: 1, max: 1_000_000, unit: "names",
			doc:   "Names of one folder that are looked through for variants and precompressed siblings; further ones are not found.",
			field: in(func(n *Negotiate) any { return &n.Names })},
		{name: "map_bytes", kind: kindSize, initial: `"64KiB"`, min: 1 << 10, max: 1 << 20,
			doc:   "The longest type map that is read.",
			field: in(func(n *Negotiate) any { return &n.MapBytes })},
	},
	done: checkNegotiate,
})
