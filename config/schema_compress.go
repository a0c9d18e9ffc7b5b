package config

var compressBlock = &blockType{
	name: "compress",
	part: true, // what it does not say is taken from outside, or the default
	doc: "Responses are encoded with gzip, brotli or zstd while they are sent, for clients that accept it. Nothing is encoded where no compress block holds. " +
		"A site or route that says only some of its settings takes the others from outside.",
	example: "compress {\n  algorithms = [\"br\", \"gzip\"]\n  types      = [\"text/*\", \"application/json\"]\n}",
	also:    []string{"gzip", "brotli", "zstd", "deflate", "encode", "compression", "mod_deflate"},
	settings: []*setting{
		{name: "off", kind: kindBool, initial: `false`,
			doc:   "Whether nothing is encoded here, although it is outside.",
			field: in(func(c *Compress) any { return &c.Off })},
		{name: "algorithms", kind: kindTexts, initial: `["zstd", "br", "gzip"]`, check: checkAlgorithm,
			doc:   "The codings, the preferred one first: among those that a client wants equally, the first is taken.",
			also:  []string{"codings", "encodings", "algorithm", "formats"},
			field: in(func(c *Compress) any { return &c.Algorithms })},
		{name: "gzip", kind: kindInt, initial: `6`, min: 1, max: 9, unit: "level",
			doc:   "The level of gzip, as zlib has them: a higher one is slower, and what comes out is smaller.",
			also:  []string{"gzip_comp_level", "deflatecompressionlevel", "level", "gzip_level"},
			field: in(func(c *Compress) any { return &c.Gzip })},
		{name: "br", kind: kindInt, initial: `4`, min: 0, max: 11, unit: "level",
			doc:   "The level of brotli.",
			also:  []string{"brotli", "brotli_comp_level", "brotlicompressionquality", "br_level"},
			field: in(func(c *Compress) any { return &c.Brotli })},
		{name: "zstd", kind: kindInt, initial: `3`, min: 1, max: 19, unit: "level",
			doc:   "The level of zstd, as the program of that name has them.",
			also:  []string{"zstd_comp_level", "zstd_level"},
			field: in(func(c *Compress) any { return &c.Zstd })},
		{name: "min_size", kind: kindSize, initial: `"1KiB"`, min: 0, max: 1 << 30,
			doc:   "A response that is known to be shorter goes as it is: it fits into a packet anyway.",
			also:  []string{"gzip_min_length", "minimum_length", "minlength", "min_length"},
			field: in(func(c *Compress) any { return &c.MinSize })},
		{name: "types", kind: kindTexts, check: checkTypePattern,
			initial: `["text/*", "application/json", "application/*+json", "application/javascript", "application/xml", "application/*+xml", "image/svg+xml", "application/wasm", "application/x-ndjson", "font/otf", "font/ttf", "image/bmp"]`,
			doc:     "The media types that are encoded; * stands for anything.",
			also:    []string{"gzip_types", "addoutputfilterbytype", "mime_types", "type"},
			field:   in(func(c *Compress) any { return &c.Types })},
		{name: "keep", kind: kindBool, initial: `true`,
			doc:   "Whether what a file in memory was encoded to is kept with it, within memory.files_bytes, and sent again.",
			also:  []string{"cache", "store"},
			field: in(func(c *Compress) any { return &c.Keep })},
	},
	each: func(owner any) []any { return present(as[Settings](owner).Compress) },
	done: checkCompress,
}

// Its open names the block itself, to find its defaults.
func init() {
	compressBlock.open = func(d *decoder, owner any) any {
		s := as[Settings](owner)
		if s.Compress == nil {
			s.Compress = &Compress{}
			d.defaults(compressBlock, s.Compress)
		}
		return s.Compress
	}
}
