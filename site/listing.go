package site

import (
	"path"
	"strings"
	"time"

	"vitrine/config"
	"vitrine/site/content"
	"vitrine/site/resource"
	"vitrine/trace"
)

// list answers for a folder with what is in it, as the request's preconditions have it.
func (v *visit) list(folder string) (step, *trace.Reason) {
	x, t := v.x, v.settings
	l, failure := v.root.ReadDir(folder, t.load, x.Trace)
	if failure != nil {
		return v.failed(failure)
	}
	v.line = &t.conf.Files.Listing.Pos
	conf := &t.conf.Files.List
	if len(conf.Ignore) > 0 {
		kept := l.Items[:0]
		for _, item := range l.Items {
			if !matchesAny(conf.Ignore, item.Name) {
				kept = append(kept, item)
			}
		}
		l.Items = kept
	}
	o := content.ListingOptions{
		Path: string(v.request().Path()), Types: t.types, Server: t.server.V, Now: x.Start / int64(time.Second), PageSize: conf.Page.V,
		Order:  content.ParseOrder(string(v.request().Query()), content.Order{By: conf.Sort.V, Down: conf.Order.V == "desc"}),
		Header: v.note(folder, conf.Header), Readme: v.note(folder, conf.Readme),
	}
	if len(conf.Descriptions) > 0 {
		o.Describe = func(name string) string { return describe(conf.Descriptions, name) }
	}
	return v.take(content.Listing(v.request(), l, o, &v.header, x.Trace))
}

func matchesAny(patterns []config.Value[string], name string) bool {
	for i := range patterns {
		if ok, _ := path.Match(patterns[i].V, name); ok {
			return true
		}
	}
	return false
}

// describe is what is said of a name.
func describe(all []config.Named, name string) string {
	for i := range all {
		if ok, _ := path.Match(all[i].Name, name); ok {
			return all[i].Value.V
		}
	}
	return ""
}

// mostNoted bounds the files that are shown with a list, in bytes.
const mostNoted = 64 << 10

// note is the text of the first of the files that is in the folder, "" when none is, or none that can be shown.
func (v *visit) note(folder string, names []config.Value[string]) string {
	for i := range names {
		e, failure := v.root.Load(strings.TrimSuffix(folder, "/")+"/"+names[i].V, v.settings.load, nil)
		if failure != nil {
			continue
		}
		var text []byte
		if e.Kind == resource.File && e.Size <= mostNoted {
			text, _ = wholeFile(e)
		}
		e.Release()
		if text != nil {
			return string(text)
		}
	}
	return ""
}
