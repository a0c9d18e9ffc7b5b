package site

import (
	"strings"

	"vitrine/trace"
)

// isCopy reports whether a file's name is that of a script with something behind it: a compressed one (a.cgi.gz), what an editor
// has left (a.php.bak, a.php~), or one that poses as a picture (a.php.jpg). Apache runs such files, since any extension of a name
// that has a handler counts; nginx sends them. Here they are neither run nor sent.
func (t *settings) isCopy(file string) bool {
	if t.sourceLine() == nil {
		return false
	}
	name := file[strings.LastIndexByte(file, '/')+1:]
	for end := len(strings.TrimRight(name, "~#")); end > 0; end = strings.LastIndexByte(name[:end], '.') {
		part := name[:end]
		if end < len(name) && (t.responder != nil && t.responder.isScript(part) || t.scripts != nil && t.scripts.isName(part)) {
			return true
		}
	}
	return false
}

// sourceLine is where the configuration says which names are those of scripts among other files; nil: none are.
func (t *settings) sourceLine() *trace.Position {
	switch {
	case t.scripts != nil && len(t.scripts.suffixes) > 0:
		return &t.scripts.conf.Pos
	case t.responder != nil && len(t.responder.conf.Split) > 0:
		return &t.responder.conf.Pos
	}
	return nil
}

// copyRefused answers for a file whose name says that it shows what a script is made of.
func (v *visit) copyRefused() (step, *trace.Reason) {
	v.release()
	v.refusal = refusal{status: 403}
	return v.refused(ScriptCopy.Reach(), v.settings.sourceLine(), []trace.Detail{trace.D("file", v.file)})
}
