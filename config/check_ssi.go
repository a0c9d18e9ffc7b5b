package config

import "strings"

// checkSSI turns on what a block was written for, and warns where it can never do anything.
func checkSSI(d *decoder, b *block, value any) {
	s := value.(*SSI)
	if !says(b, "off") {
		s.Off = Value[bool]{Pos: d.position(b.at)}
	}
	if !s.Off.V && len(s.Extensions) == 0 && len(s.Types) == 0 && b.body.whole() {
		d.warn(b.head, "no page is looked into: the ssi block names neither an extension nor a type", `write, for example, extensions = [".shtml"]`)
	}
}

// says reports whether a block has the setting.
func says(b *block, name string) bool {
	for _, a := range b.body.attrs {
		if a.name == name {
			return true
		}
	}
	return false
}

// checkDotted looks at the extension of a file name, written with its dot.
func checkDotted(s string) *problem {
	switch {
	case len(s) < 2 || s[0] != '.':
		return &problem{message: quoted(s) + " is no extension", hint: "write it with its dot, such as " + quoted("."+strings.TrimLeft(s, ".*"))}
	case strings.ContainsAny(s[1:], "./*\\ "):
		return &problem{message: quoted(s) + " is no extension", hint: "an extension is what follows the last dot of a name"}
	}
	return nil
}

// checkPrinted looks at a text that pages print.
func checkPrinted(s string) *problem {
	if len(s) > 4096 {
		return &problem{message: "the text is longer than 4096 bytes", hint: "put a long text into a file, and include that"}
	}
	return nil
}
