package site

import (
	"net/url"
	"path"
	"path/filepath"
	"strings"

	"vitrine/config"
	"vitrine/site/gateway"
	"vitrine/site/resource"
	"vitrine/trace"
	"vitrine/web/message"
)

// handover is what a script or an application may have sent in the place of its own body: files with X-Sendfile, and paths of
// the site with X-Accel-Redirect. It is immutable.
type handover struct {
	folders, paths []config.Value[string]
	roots          []*resource.Root // as folders
}

// handover compiles what a block says about it.
func (c *compiler) handover(folders, paths []config.Value[string]) handover {
	o := handover{folders: folders, paths: paths}
	for _, folder := range folders {
		root, err := c.h.opt.Store.Open(folder.V)
		if err != nil {
			c.fail(folder.Pos, "the folder cannot be opened: "+err.Error(), "")
			continue
		}
		o.roots = append(o.roots, root)
		c.h.roots = append(c.h.roots, root)
	}
	return o
}

// mayLead reports whether X-Accel-Redirect may lead to a path: it is below one of those that are configured, as it stands,
// without any way up or around.
func (o *handover) mayLead(to string) bool {
	encoded, _, _ := strings.Cut(to, "?")
	p, err := url.PathUnescape(encoded)
	if err != nil || !strings.HasPrefix(p, "/") || path.Clean(p) != strings.TrimSuffix(p, "/") || strings.ContainsAny(p, "\x00\\") {
		return false
	}
	for i := range o.paths {
		bare := strings.TrimSuffix(o.paths[i].V, "/")
		if p == bare || strings.HasPrefix(p, bare+"/") {
			return true
		}
	}
	return false
}

// root is which of the configured folders a file is in, and its path below it; -1: none.
func (o *handover) root(name string) (int, string) {
	if !filepath.IsAbs(name) || filepath.Clean(name) != name || strings.IndexByte(name, 0) >= 0 {
		return -1, ""
	}
	for i, root := range o.roots {
		if below, ok := strings.CutPrefix(name, strings.TrimSuffix(root.Dir(), "/")+"/"); ok {
			return i, "/" + filepath.ToSlash(below)
		}
	}
	return -1, ""
}

// lead hands over to a path of the site. The fields that stay win over those of what is found there.
func (o *handover) lead(v *visit, to string, kept []gateway.Field, why *trace.Reason, line *trace.Position) (step, *trace.Reason) {
	next, told := v.rewalk(to, why, line)
	if next == find {
		addFields(&v.header, kept)
		v.handed = true
	}
	return next, told
}

// send sends a file, by the one guarded door: no link leads out of the folder. It is sent as it is, whatever its name: the program has
// chosen it, and what is uploaded, for example, is neither run nor parsed.
func (o *handover) send(v *visit, where string, root int, below string, kept []gateway.Field, why *trace.Reason) (step, *trace.Reason) {
	line := &o.folders[root].Pos
	if v.looking() {
		v.tell(where, why, line, below, true)
	}
	v.x.Because(why, line)
	v.header.Reset()
	e, failure := o.roots[root].Load(below, v.settings.load, v.x.Trace)
	if failure != nil {
		if v.h.opt.Failed != nil {
			v.h.opt.Failed(v.x.Journey, failure)
		}
		v.refusal = refusal{status: failure.Status, retry: failure.Status == 503}
		return v.refused(failure.Reason, line, nil)
	}
	if e.Kind == resource.Directory {
		e.Release()
		v.refusal = refusal{status: 404}
		return v.refused(NothingHere.Reach(), line, nil)
	}
	v.status, v.memorize, v.handed, v.verbatim = 0, false, true, true
	addFields(&v.header, kept)
	v.entry, v.file = e, e.Path
	return present, nil
}

// handedOver are the fields of an answer that stay when something else is sent in the place of its body: those that nginx
// keeps for X-Accel-Redirect.
var handedOver = []string{"Content-Type", "Content-Disposition", "Accept-Ranges", "Set-Cookie", "Cache-Control", "Expires"}

// kept are the fields of an answer with certain names.
func kept(h *gateway.Head, names ...string) []gateway.Field {
	var all []gateway.Field
	for _, f := range h.Fields {
		for _, name := range names {
			if message.EqualFold(f.Name, name) {
				all = append(all, f)
			}
		}
	}
	return all
}

func addFields(h *message.Header, all []gateway.Field) {
	for _, f := range all {
		h.Add(f.Name, f.Value)
	}
}

// addAnswered adds the fields of an answer, or those of them that keep says, to the response. Where another one has handed over to
// this one, what both have is this one's, but for cookies.
func (v *visit) addAnswered(all []gateway.Field, keep func(name string) bool) {
	if v.handed {
		for i := range all {
			if !message.EqualFold(all[i].Name, "Set-Cookie") {
				v.header.Del(all[i].Name)
			}
		}
	}
	for i := range all {
		if f := &all[i]; keep == nil || keep(f.Name) {
			v.header.Add(f.Name, f.Value)
		}
	}
}
