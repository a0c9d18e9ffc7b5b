package site

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"vitrine/site/content"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/message"
)

// negotiation is a negotiate block, compiled. It is immutable.
type negotiation struct {
	variants, maps bool
	siblings       []content.Coding // in which files stand ready beside others, the preferred first
	choose         content.ChooseOptions
}

// negotiation compiles the negotiate block that holds for the settings.
func (c *compiler) negotiation(t *settings) {
	conf := &t.conf.Negotiate
	n := &t.negotiation
	n.variants, n.maps = conf.Variants.V, conf.TypeMaps.V
	for _, one := range conf.Precompress {
		if coding, ok := content.LookupCoding([]byte(one.V)); ok && coding.Suffix() != "" {
			n.siblings = append(n.siblings, coding)
		}
	}
	n.choose = content.ChooseOptions{Languages: texts(conf.Languages), Equal: conf.WhenEqual.V == "list", None: conf.WhenNone.V == "first"}
}

// chosen is what negotiation made of the file that is sent, where it did.
type chosen struct {
	typ      *content.Type
	location string // the variant's own place, relative to what was asked for; "": it is the file that was asked for
}

// forget drops what an earlier look at the path has come to: the walk looks anew.
func (v *visit) forget() {
	v.varies, v.while, v.form, v.chosen = 0, nil, form{}, nil
	v.cold, v.unsure = false, false
}

// candidate is a variant with its file.
type candidate struct {
	content.Variant
	typ   *content.Type
	entry *resource.Entry // nil: the content is body
	body  []byte
	line  int // of the type map
}

// variants answers a path that leads to nothing with the best of the files whose names begin with it. It is not ok when
// there are none.
func (v *visit) variants(path []byte) (next step, why *trace.Reason, ok bool) {
	t := v.settings
	at := bytes.LastIndexByte(path, '/') + 1
	if !t.negotiation.variants || at == len(path) {
		return 0, nil, false
	}
	dir, stem := string(path[:at]), string(path[at:])
	all, found := v.byName(dir, stem)
	switch {
	case v.cold:
		dropAll(all)
		next, why = v.leaveCold()
		return next, why, true
	case found != nil:
		v.entry, v.file = found, found.Path
		next, why = v.typeMap()
		return next, why, true
	case len(all) == 0:
		return 0, nil, false
	}
	v.memorize = v.inner == nil && !v.unsure
	next, why = v.chooseVariant(all, &t.conf.Negotiate.Variants.Pos)
	return next, why, true
}

// byName collects the variants of a name in a folder; or the type map, when there is one.
func (v *visit) byName(dir, stem string) (all []candidate, typeMap *resource.Entry) {
	t := v.settings
	names := v.names(dir)
	if names == nil {
		return nil, nil
	}
	if t.negotiation.maps && names.HasName([]byte(stem+mapSuffix)) && v.mayBe(dir+stem+mapSuffix, stem+mapSuffix) {
		if e := v.look(dir + stem + mapSuffix); e != nil || v.cold {
			return nil, e
		}
	}
	for _, name := range names.NamesOf(stem + ".") {
		full := dir + name
		variant, typ, ok := t.types.VariantOf(full, len(dir)+len(stem))
		if !ok || !v.mayBe(full, name) {
			continue
		}
		if len(all) == t.conf.Negotiate.Candidates.V {
			v.pass(TooManyCandidates, &t.conf.Negotiate.Candidates.Pos, name, trace.D("bound", strconv.Itoa(len(all))))
			break
		}
		e := v.look(full)
		if v.cold {
			return all, nil
		}
		if e != nil {
			variant.Name, variant.Size = name, e.Size
			all = append(all, candidate{Variant: variant, typ: typ, entry: e})
		}
	}
	return all, nil
}

// names are the names in a folder below the root; nil when they cannot be read, or when the visit is cold.
func (v *visit) names(dir string) *resource.Entry {
	t := v.settings
	most := t.conf.Negotiate.Names.V
	var e *resource.Entry
	if v.away {
		e, _ = v.root.LoadNames(dir, most, t.load, v.x.Trace)
		v.unsure = v.unsure || e == nil
	} else {
		e = v.root.HotNames([]byte(dir), most, v.x.Start)
		v.cold = e == nil
	}
	if e != nil {
		v.while = append(v.while, e.Standing())
	}
	return e
}

// look is a file that may be sent in the place of another; nil when there is none, or when the visit is cold. The caller
// has a reference.
func (v *visit) look(path string) *resource.Entry {
	e, failure := v.open([]byte(path))
	switch {
	case e == nil && failure == nil:
		v.cold = true
		return nil
	case failure != nil:
		v.unsure = true // nobody watches for what is not there
		v.pass(CandidateUnusable, nil, path, failure.Details()...)
		return nil
	case e.Kind == resource.Directory:
		v.while = append(v.while, e.Standing())
		e.Release()
		return nil
	}
	v.while = append(v.while, e.Standing())
	return e
}

// leaveCold goes off the loop, since something that must be looked at is not in memory. Nothing of the visit may be touched
// afterwards when the step is done.
func (v *visit) leaveCold() (step, *trace.Reason) {
	v.release()
	v.forget()
	return v.leave(resolve)
}

// isMissing reports whether it is known, on the loop, that nothing has a path's name: the names in its folder are in memory.
func (v *visit) isMissing(path []byte) bool {
	at := bytes.LastIndexByte(path, '/') + 1
	if !v.settings.negotiation.variants || at == len(path) || v.rehearsed() {
		return false
	}
	names := v.root.HotNames(path[:at], v.settings.conf.Negotiate.Names.V, v.x.Start)
	return names != nil && !names.Cut() && !names.HasName(path[at:])
}

// mayBe reports whether a file may be sent in the place of what was asked for: its own path must lead to the same route, and
// not to a program, whose text is nobody's affair.
func (v *visit) mayBe(full, name string) bool {
	t := v.settings
	if v.owner(v.beside(name)) == t && !(t.scripts != nil && t.scripts.among([]byte(full))) && !v.isSource(full, name) {
		return true
	}
	v.pass(CandidateElsewhere, nil, full)
	return false
}

// pass tells that a candidate is passed over.
func (v *visit) pass(why *trace.Reason, line *trace.Position, subject string, details ...trace.Detail) {
	why.Reach()
	if v.looking() {
		v.tell("negotiate", why, line, subject, false, details...)
	}
}

func dropAll(all []candidate) {
	for _, c := range all {
		if c.entry != nil {
			c.entry.Release()
		}
	}
}

// chooseVariant sends the best of the candidates, or the list of them. It takes their references.
func (v *visit) chooseVariant(all []candidate, line *trace.Position) (step, *trace.Reason) {
	list := make([]content.Variant, len(all))
	for i := range all {
		list[i] = all[i].Variant
	}
	c := content.Choose(&v.request().Fields, list, v.settings.negotiation.choose)
	c.Tell(list, line, v.x.Trace)
	v.varies |= c.Vary
	v.line = line
	if c.Best < 0 {
		dropAll(all)
		conf := &v.settings.conf.Negotiate
		if c.Equal {
			return v.alternatives(300, MultipleChoices, &conf.WhenEqual.Pos, list)
		}
		return v.alternatives(406, NotAcceptable, &conf.WhenNone.Pos, list)
	}
	best := all[c.Best]
	all[c.Best].entry = nil
	dropAll(all)
	v.chosen = &chosen{typ: best.typ, location: content.Link(best.Name)}
	v.entry = best.entry
	if v.entry == nil {
		v.entry = v.inside(best)
	}
	v.file = v.entry.Path
	v.form.via = strings.Join([]string{v.chosen.location, best.typ.Value, best.typ.Language, best.typ.Encoding, strconv.FormatUint(uint64(v.varies), 36)}, "\n")
	return negotiate, nil
}

// alternatives answers with the list of variants.
func (v *visit) alternatives(status int, why *trace.Reason, line *trace.Position, list []content.Variant) (step, *trace.Reason) {
	v.status, v.memorize, v.line, v.file = status, false, line, ""
	v.varies |= message.Set(message.Accept) // the list is a page, or data
	title := strconv.Itoa(status) + " " + message.StatusText(status)
	var mediaType string
	v.body, mediaType = content.Alternatives(&v.request().Fields, title, sentence(why.Reach()), list)
	v.describeBody(mediaType)
	if v.looking() {
		v.tell("negotiate", why, line, v.request().ShownTarget(), true, trace.D("status", strconv.Itoa(status)))
	}
	return deliver, why
}

// precompressed sends the file that stands ready in a content coding in the place of the plain one, when the client wants it.
func (v *visit) precompressed() (step, *trace.Reason) {
	t := v.settings
	if len(t.negotiation.siblings) == 0 || v.missing {
		return present, nil
	}
	if t.scripts != nil && t.scripts.isName(v.entry.Path) || t.ssi != nil && t.ssi.parses(t, v.entry) {
		return present, nil // what is sent is made of it
	}
	typ := v.typeOf()
	if typ == nil {
		return v.leaveCold()
	}
	plain := v.entry.Path
	at := strings.LastIndexByte(plain, '/') + 1
	if typ.Encoding != "" || at == 0 {
		return present, nil
	}
	names := v.names(plain[:at])
	if v.cold {
		return v.leaveCold()
	}
	if names == nil {
		v.memorize = false
		return present, nil
	}
	v.while = append(v.while, v.entry.Standing())
	var offered []content.Coding
	var entries []candidate
	for _, coding := range t.negotiation.siblings {
		v.buf = append(append(v.buf[:0], plain[at:]...), coding.Suffix()...)
		if !names.HasName(v.buf) {
			continue
		}
		path := plain + coding.Suffix()
		if !v.mayBe(path, path[at:]) {
			continue
		}
		e := v.look(path)
		switch {
		case v.cold:
			dropAll(entries)
			return v.leaveCold()
		case e == nil:
			continue
		case e.ModTime.Before(v.entry.ModTime):
			v.pass(SiblingStale, v.siblingLine(coding), path, trace.D("modified", e.ModTime.UTC().String()), trace.D("the file", v.entry.ModTime.UTC().String()))
			e.Release()
			continue
		}
		offered, entries = append(offered, coding), append(entries, candidate{entry: e})
	}
	v.memorize = v.memorize && !v.unsure
	if len(offered) == 0 {
		return present, nil
	}
	v.varies |= message.Set(message.AcceptEncoding)
	wanted := content.AcceptedCodings(&v.request().Fields)
	best, acceptable := wanted.Best(offered)
	i := slices.Index(offered, best)
	if v.looking() {
		v.tellSiblings(offered, best, &wanted)
	}
	if i < 0 {
		dropAll(entries)
		v.form.via += "\nidentity " + strconv.FormatUint(uint64(v.varies), 36)
		if !acceptable && !t.negotiation.choose.None && t.coder == nil {
			list := []content.Variant{{Name: plain[at:], Type: typ.Value, Source: 1000, Size: v.entry.Size}}
			v.release()
			return v.alternatives(406, NotAcceptable, &t.conf.Negotiate.WhenNone.Pos, list)
		}
		return present, nil
	}
	SiblingSent.Reach()
	coded := *typ
	coded.Encoding = best.String()
	next := &chosen{typ: &coded}
	if v.chosen != nil {
		next.location = v.chosen.location
	}
	v.release()
	v.entry = entries[i].entry
	entries[i].entry = nil
	dropAll(entries)
	v.chosen, v.file, v.line = next, v.entry.Path, v.siblingLine(best)
	v.form.via += "\n" + coded.Value + coded.Encoding + strconv.FormatUint(uint64(v.varies), 36)
	return present, SiblingSent
}

// tellSiblings tells of each coding in which the file stands ready, and of none.
func (v *visit) tellSiblings(offered []content.Coding, best content.Coding, wanted *content.Codings) {
	for _, coding := range append(slices.Clone(offered), content.Identity) {
		why, taken := SiblingSent, coding == best
		if !taken {
			why = SiblingUnwanted
		} else if coding == content.Identity {
			why = SiblingNone
		}
		v.tell("negotiate", why.Reach(), v.siblingLine(coding), v.entry.Path+coding.Suffix(), taken,
			trace.D("coding", coding.String()), trace.D("wanted", strconv.Itoa(wanted.Weight(coding))+"/1000"))
	}
}

// siblingLine is where the configuration names a coding.
func (v *visit) siblingLine(coding content.Coding) *trace.Position {
	conf := v.settings.conf.Negotiate.Precompress
	for i := range conf {
		if conf[i].V == coding.String() {
			return &conf[i].Pos
		}
	}
	return &conf[0].Pos
}

// contentLocation is the value of Content-Location: where the variant that is sent can be asked for alone; "" when it has no other
// place than the one that was asked for.
func (v *visit) contentLocation() string {
	if v.chosen == nil {
		return ""
	}
	return v.chosen.location
}

// describeChoice says in the response's header what its answer depends on, and whether clients may guess another type.
func (v *visit) describeChoice() {
	content.AddVaryAll(&v.header, v.varies)
	if v.settings.conf.Types.NoSniff.V && message.BodyAllowed(v.status) {
		v.header.Set("X-Content-Type-Options", "nosniff")
	}
}
