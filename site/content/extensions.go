package content

import (
	"strings"

	"vitrine/config"
	"vitrine/trace"
)

// meaning is what an extension says besides a media type.
type meaning struct {
	value string
	pos   *trace.Position // of the configuration; nil: it is built in
}

// builtInLanguages are the usual extensions for languages: the languages' own codes, and the few that are written otherwise.
var builtInLanguages = languagesOf("ar bg bn ca cs da de el en eo es et eu fa fi fr ga gl he hi hr hu hy id is it ja ka ko lt lv mk ms nb nl nn no " +
	"pl pt pt-br ro ru sk sl sq sr sv ta te th tr uk ur vi zh zh-cn zh-tw zh-hans zh-hant en-gb en-us fr-ca de-at de-ch es-mx")

func languagesOf(list string) map[string]meaning {
	all := map[string]meaning{"cz": {value: "cs"}, "dk": {value: "da"}, "po": {value: "pl"}, "kr": {value: "ko"}, "jp": {value: "ja"}, "ee": {value: "et"}}
	for _, extension := range strings.Fields(list) {
		language, region, _ := strings.Cut(extension, "-")
		switch len(region) {
		case 2:
			language += "-" + strings.ToUpper(region)
		case 4:
			language += "-" + strings.ToUpper(region[:1]) + region[1:]
		}
		all[extension] = meaning{value: language}
	}
	return all
}

// builtInCharsets are the usual extensions for charsets.
var builtInCharsets = map[string]meaning{
	"utf8": {value: "utf-8"}, "utf-8": {value: "utf-8"}, "ascii": {value: "us-ascii"}, "us-ascii": {value: "us-ascii"},
	"latin1": {value: "iso-8859-1"}, "iso8859-1": {value: "iso-8859-1"}, "iso-8859-1": {value: "iso-8859-1"},
	"latin2": {value: "iso-8859-2"}, "iso8859-2": {value: "iso-8859-2"}, "iso-8859-2": {value: "iso-8859-2"}, "cen": {value: "iso-8859-2"},
	"iso8859-5": {value: "iso-8859-5"}, "iso-8859-5": {value: "iso-8859-5"}, "iso8859-7": {value: "iso-8859-7"}, "iso-8859-7": {value: "iso-8859-7"},
	"iso8859-9": {value: "iso-8859-9"}, "iso-8859-9": {value: "iso-8859-9"}, "latin9": {value: "iso-8859-15"}, "iso8859-15": {value: "iso-8859-15"},
	"iso-8859-15": {value: "iso-8859-15"}, "koi8-r": {value: "koi8-r"}, "koi8-u": {value: "koi8-u"}, "cp1250": {value: "windows-1250"},
	"cp1251": {value: "windows-1251"}, "cp1252": {value: "windows-1252"}, "win-1251": {value: "windows-1251"}, "euc-kr": {value: "euc-kr"},
	"euckr": {value: "euc-kr"}, "euc-jp": {value: "euc-jp"}, "eucjp": {value: "euc-jp"}, "sjis": {value: "shift_jis"}, "shift_jis": {value: "shift_jis"},
	"iso2022-jp": {value: "iso-2022-jp"}, "jis": {value: "iso-2022-jp"}, "iso2022-kr": {value: "iso-2022-kr"}, "gb2312": {value: "gb2312"},
	"gbk": {value: "gbk"}, "gb18030": {value: "gb18030"}, "big5": {value: "big5"}, "utf16": {value: "utf-16"}, "utf-16": {value: "utf-16"},
}

// meanings are the built-in ones with what the configuration says on top; an empty text takes one away.
func meanings(builtIn map[string]meaning, own map[string]config.Value[string]) map[string]meaning {
	if len(own) == 0 {
		return builtIn
	}
	all := make(map[string]meaning, len(builtIn)+len(own))
	for extension, m := range builtIn {
		all[extension] = m
	}
	for extension, v := range own {
		extension = strings.ToLower(strings.TrimPrefix(extension, "."))
		if v.V == "" {
			delete(all, extension)
			continue
		}
		pos := v.Pos
		all[extension] = meaning{v.V, &pos}
	}
	return all
}

// told is what the extensions of a name tell.
type told struct {
	typ                         *Type // nil: none of them tells it
	language, charset, encoding meaning
	// known is set when every extension behind the place that was asked about means something.
	known bool
}

// mostExtensions is how many extensions of a name are looked at, from its end.
const mostExtensions = 8

// extensions reads the extensions of a name from its end: "page.html.en.utf8" has a charset, a language and a type. The
// first that means nothing ends it, so that "page.html.bak" has no type, and so does a second that means a type: only
// the last one says what the file is.
//
// Some extensions are both, as "pl" is Perl and Polish. What the configuration says about one counts most. Otherwise it
// is a language or a charset only beside an extension that tells the type: "page.html.pl" is Polish, "script.pl" is Perl.
//
// after is where in the name those extensions begin that must all mean something for told.known.
func (t *Types) extensions(name string, after int) (e told) {
	e.known = true
	start := strings.LastIndexByte(name, '/') + 1
	for start < len(name) && name[start] == '.' { // a name that only begins with dots has no extension there
		start++
	}
	rest := name
	var alone told // the built-in meanings, good only beside a type
	for n := 0; ; n++ {
		dot := strings.LastIndexByte(rest, '.')
		if dot <= start {
			break
		}
		var buf [longestExtension]byte
		if n == mostExtensions || len(rest)-dot-1 > len(buf) {
			e.known = e.known && dot < after
			break
		}
		extension := lower(rest[dot+1:], &buf)
		if !t.means(extension, rest[start:dot], &e, &alone) {
			e.known = e.known && dot < after
			break
		}
		rest = rest[:dot]
	}
	if e.typ != nil || t.explicit != nil {
		for _, m := range []struct{ to, from *meaning }{{&e.language, &alone.language}, {&e.charset, &alone.charset}} {
			if m.to.value == "" {
				*m.to = *m.from
			}
		}
	}
	return e
}

// only is the type of a name with one extension that means a type and nothing else, as most names have; else nil. It says
// what extensions and compose would, in less time.
func (t *Types) only(name string) *Type {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 || name[dot-1] == '/' || name[dot-1] == '.' || len(name)-dot-1 > longestExtension {
		return nil
	}
	for i := dot - 1; i >= 0 && name[i] != '/'; i-- {
		if name[i] == '.' {
			return nil
		}
	}
	var buf [longestExtension]byte
	extension := lower(name[dot+1:], &buf)
	found := t.byExtension[string(extension)]
	if found == nil || t.several[string(extension)] {
		return nil
	}
	if t.explicit != nil {
		return t.explicit
	}
	return found
}

// means notes what one extension means, and reports whether it means anything. before is the name in front of it.
func (t *Types) means(extension []byte, before string, e, alone *told) bool {
	if len(extension) == 0 {
		return false
	}
	some := false
	note := func(of map[string]meaning, mine, builtIn *meaning, join bool) {
		m, ok := of[string(extension)]
		if !ok {
			return
		}
		some = true
		to := mine
		if m.pos == nil {
			to = builtIn
		}
		if to.value != "" && join { // codings were applied in the order of the extensions; we come from the end
			m.value += ", " + to.value
			*to = m
		} else if to.value == "" {
			*to = m
		}
	}
	found := t.byExtension[string(extension)]
	_, language := t.languages[string(extension)]
	_, charset := t.charsets[string(extension)]
	_, encoding := t.encodings[string(extension)]
	if found != nil && e.typ == nil && !encoding && !((language || charset) && (t.own(extension) || t.tellsType(before))) {
		e.typ = found
		return true
	}
	note(t.languages, &e.language, &alone.language, false)
	note(t.charsets, &e.charset, &alone.charset, false)
	note(t.encodings, &e.encoding, &alone.encoding, true)
	return some
}

// own reports whether the configuration says that an extension is a language or a charset.
func (t *Types) own(extension []byte) bool {
	return t.languages[string(extension)].pos != nil || t.charsets[string(extension)].pos != nil
}

// tellsType reports whether the last extension of a name, without its path, tells a type.
func (t *Types) tellsType(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	if dot <= 0 || len(name)-dot-1 > longestExtension {
		return false
	}
	var buf [longestExtension]byte
	return t.byExtension[string(lower(name[dot+1:], &buf))] != nil
}

// lower is an extension in lower case.
func lower(extension string, buf *[longestExtension]byte) []byte {
	n := copy(buf[:], extension)
	for i, c := range buf[:n] {
		if 'A' <= c && c <= 'Z' {
			buf[i] = c | 0x20
		}
	}
	return buf[:n]
}

// compose is the type of what extensions tell.
func (t *Types) compose(e *told) *Type {
	found := e.typ
	if t.explicit != nil {
		found = t.explicit
	} else if found == nil {
		found = &t.fallback
	}
	if e.language.value == "" && e.charset.value == "" && e.encoding.value == "" {
		return found
	}
	c := *found
	c.Language, c.Encoding = e.language.value, e.encoding.value
	if e.charset.value != "" {
		c.Value = setCharset(c.Value, e.charset.value)
	}
	tell := func(name string, m meaning) {
		if m.value == "" {
			return
		}
		by := "built in"
		if m.pos != nil {
			by = m.pos.String()
		}
		c.details = append(c.details, trace.D(name+" by", m.value+", "+by))
	}
	tell("language", e.language)
	tell("charset", e.charset)
	tell("encoding", e.encoding)
	return &c
}

// setCharset puts a charset in the place of the one that a media type has.
func setCharset(value, charset string) string {
	if value == "" {
		return ""
	}
	media, parameters, _ := strings.Cut(value, ";")
	out := strings.TrimSpace(media)
	for p := range strings.SplitSeq(parameters, ";") {
		if p = strings.TrimSpace(p); p != "" && !strings.HasPrefix(strings.ToLower(p), "charset=") {
			out += "; " + p
		}
	}
	return out + "; charset=" + charset
}
