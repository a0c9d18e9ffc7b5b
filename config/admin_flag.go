package config

import (
	"github.com/hashicorp/hcl/v2"

	"vitrine/trace"
)

// adminFlag is the flag that says where the page about the running server is, or with "off" that there is none.
const adminFlag = "--admin"

// DefaultAdmin is where the page is under the serve command, and where an admin block is that names no address.
const DefaultAdmin = "localhost:9180"

// admin puts what the flag says in place of what an admin block says.
func (d *decoder) admin(text string) {
	src := newSource([]byte(text))
	f := &file{name: adminFlag, source: src, flag: true}
	d.byName[adminFlag] = f
	d.diags.addSource(adminFlag, src)
	a := d.config.Admin
	if a == nil {
		a = d.newAdmin(flagged(adminFlag, text).Pos)
		d.config.Admin = a
	}
	at := located{at: hcl.Range{Filename: adminFlag, End: hcl.Pos{Byte: len(text)}}, file: f}
	at.pos = d.position(at.at)
	if text == "off" {
		a.Off = Value[bool]{true, at.pos}
		return
	}
	if p := checkAdminAddress(text); p != nil {
		switch {
		case nearest(text, []string{"off"}) != "":
			p.hint = `did you mean "off"?`
		case p.hint != "":
			p.hint += `; or "off" for no page`
		}
		d.problem(at, p)
		return
	}
	a.Address = Value[string]{text, at.pos}
	a.Off = Value[bool]{false, trace.Position{Origin: trace.Default}}
}

// newAdmin is an admin block that says nothing.
func (d *decoder) newAdmin(pos trace.Position) *Admin {
	a := &Admin{Pos: pos}
	d.allDefaults(d.root.block("admin"), a)
	return a
}
