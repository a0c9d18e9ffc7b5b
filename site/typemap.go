package site

import (
	"fmt"
	"strconv"
	"strings"

	"vitrine/site/content"
	"vitrine/site/resource"
	"vitrine/trace"
)

// mapSuffix is what a type map's name ends with.
const mapSuffix = ".var"

// isMap reports whether the file that was found is a type map, and is to be read as one.
func (v *visit) isMap() bool {
	return v.settings.negotiation.maps && !v.missing && strings.HasSuffix(v.entry.Path, mapSuffix)
}

// typeMap answers with the best of the variants that the type map lists which was found.
func (v *visit) typeMap() (step, *trace.Reason) {
	t, e := v.settings, v.entry
	line := &t.conf.Negotiate.TypeMaps.Pos
	if e.Size > t.conf.Negotiate.MapBytes.V {
		v.release()
		v.refusal.status = 500
		return v.refused(MapTooLong.Reach(), &t.conf.Negotiate.MapBytes.Pos, []trace.Detail{trace.D("size", strconv.FormatInt(e.Size, 10))})
	}
	text := e.Bytes
	if e.File != nil {
		if !v.away {
			return v.leaveCold()
		}
		text = make([]byte, e.Size)
		if _, err := e.File.F.ReadAt(text, 0); err != nil {
			v.release()
			v.refusal.status = 500
			return v.refused(MapUnusable.Reach(), line, []trace.Detail{trace.D("error", err.Error())})
		}
	}
	v.while = append(v.while, e.Standing())
	listed, faults := content.ParseTypeMap(text, t.conf.Negotiate.Candidates.V)
	for _, f := range faults {
		v.pass(MapFault, line, fmt.Sprintf("%s:%d", e.Path, f.Line), trace.D("fault", f.What))
	}
	dir := e.Path[:strings.LastIndexByte(e.Path, '/')+1]
	var all []candidate
	for _, m := range listed {
		c := candidate{Variant: m.Variant, line: m.Line}
		if m.Inside {
			c.body = text[m.From:m.To:m.To]
			c.Name = ""
		} else {
			full := dir + m.Name
			if !v.mayBe(full, m.Name) {
				continue
			}
			c.entry = v.look(full)
			if v.cold {
				dropAll(all)
				return v.leaveCold()
			}
			if c.entry == nil {
				continue
			}
			c.Size = c.entry.Size
		}
		c.typ = t.types.OfMap(&c.Variant, t.types.Lookup(dir+m.Name))
		all = append(all, c)
	}
	v.memorize = v.inner == nil && !v.unsure
	if len(all) == 0 {
		v.release()
		v.file, v.refusal.status = "", 404
		if !v.rehearsed() {
			v.h.report(v.x.Journey, fmt.Errorf("%s: none of the variants that the type map lists can be sent", e.Path))
		}
		return v.refused(MapUnusable.Reach(), line, nil)
	}
	v.within = e // for what stands in the map itself
	next, why := v.chooseVariant(all, line)
	v.within = nil
	e.Release()
	return next, why
}

// inside is the entry of a variant whose content stands in the type map: it has the map's time, and a tag of its own.
func (v *visit) inside(c candidate) *resource.Entry {
	e := v.within
	v.memorize = false
	v.chosen.location = ""
	tag := strings.TrimSuffix(e.ETag, `"`) + "-" + strconv.Itoa(c.line) + `"`
	return &resource.Entry{Kind: resource.File, Path: e.Path, Size: int64(len(c.body)), ModTime: e.ModTime, ETag: tag, Mode: e.Mode, Bytes: c.body}
}
