package config

import (
	"os"
	"path/filepath"
	"slices"

	"vitrine/trace"
)

// ServeOptions are what `vitrine serve` may be told instead of a file.
type ServeOptions struct {
	Root     string   // the folder; empty: the working directory
	Listen   []string // --listen; empty: defaultListen
	IO       string   // --io; empty: the default
	Admin    string   // --admin: where the page about the server is, or "off"; empty: DefaultAdmin
	Net      string   // --net: the own stack's adapter and addresses; empty: the kernel's sockets
	Log      string   // --log: a format of the access log, or "off"; empty: readable on a terminal, combined elsewhere
	Terminal bool     // standard output is a terminal
	Listing  *bool    // --listing; nil: folders without an index are listed
}

// defaultListen is where `vitrine serve` listens when it is not told: for this machine only. ownListen is where it
// listens on an own network: there is nobody else on its addresses, and no privilege for low ports.
const (
	defaultListen = "127.0.0.1:8080"
	ownListen     = ":80"
)

// defaultIO is the architecture that serves best on a system: an event loop a core where it has epoll, and elsewhere a
// goroutine a connection. The engine's own default is the same, and a test of the server holds the two together: text is
// read before there is an engine.
func defaultIO(system string) string {
	if system == "linux" {
		return "events-per-core"
	}
	return "threads"
}

// Check reports what is wrong with the options, as Load does for a file. The Diagnostics are never nil.
func (opt ServeOptions) Check() *Diagnostics {
	d := newDecoder(Options{})
	flag := func(name, value string, p *problem) {
		if p != nil {
			d.diags.Add(Error, trace.Position{File: name, Origin: trace.Flag}, p.message, p.hint)
		}
	}
	for _, address := range opt.Listen {
		flag("--listen", address, checkListenAddress(address))
	}
	choice := func(name, value string, choices []string) {
		if value != "" && !slices.Contains(choices, value) {
			hint := "it may be " + oneOf(quotedAll(choices))
			if near := nearest(value, choices); near != "" {
				hint = "did you mean " + quoted(near) + "? " + hint
			}
			flag(name, value, &problem{message: "there is no " + quoted(value), hint: hint})
		}
	}
	if opt.Net != "" {
		d.network(opt.Net)
		if !d.diags.HasErrors() {
			d.config = Default(opt)
			d.checkListensOn()
		}
	}
	if opt.Admin != "" {
		before := d.diags.errors()
		d.admin(opt.Admin)
		if d.diags.errors() == before {
			listens := d.config.Listens
			d.config.Listens = Default(opt).Listens
			d.checkAdminWhole()
			d.config.Listens = listens
		}
	}
	choice("--io", opt.IO, Choices("io"))
	choice("--log", opt.Log, append(logFlagFormats(), "off"))
	root := opt.root()
	if info, err := os.Stat(root); err != nil {
		summary, hint := d.brokenPath(root, err)
		d.diags.Add(Error, trace.Position{}, summary, hint)
	} else if !info.IsDir() {
		d.diags.Add(Error, trace.Position{}, quoted(root)+" is a file, not a folder", "serve "+quoted(filepath.Dir(root)))
	}
	return d.diags
}

// logFlagFormats are the formats that need nothing else.
func logFlagFormats() []string {
	return slices.DeleteFunc(Choices("log.format"), func(s string) bool { return s == "custom" })
}

func (opt ServeOptions) root() string {
	root := opt.Root
	if root == "" {
		root = "."
	}
	if abs, err := filepath.Abs(root); err == nil {
		root = abs
	}
	return root
}

// chosen is the Position's file of what the serve command itself chooses, where a file's default is another.
const chosen = "vitrine serve"

// Default is the configuration that `vitrine serve` amounts to. What an option says has the option's name as its
// Position, what the command chooses has the command's, and everything else is a default. The options have passed
// Check.
func Default(opt ServeOptions) *Config {
	d := newDecoder(Options{NoFiles: true})
	c := d.config
	d.allDefaults(d.root, c)

	if opt.IO != "" {
		c.IO = flagged("--io", opt.IO)
	}
	access := &c.Base.Access
	switch {
	case opt.Log == "off":
		access.Off = flagged("--log", true)
	case opt.Log != "":
		access.Format = flagged("--log", opt.Log)
	case opt.Terminal:
		access.Format = flagged(chosen, "readable")
	}
	c.Base.Files.Listing = flagged(chosen, true)
	if opt.Listing != nil {
		c.Base.Files.Listing = flagged("--listing", *opt.Listing)
	}
	c.Base.BodyBytes = c.Limits.BodyBytes
	c.Access = c.Base.Access

	c.Admin = d.newAdmin(flagged(chosen, "").Pos)
	c.Admin.Address = flagged(chosen, DefaultAdmin)
	if opt.Admin != "" {
		d.admin(opt.Admin)
	}

	l := &Listen{}
	d.defaults(listenBlock, l)
	l.Addresses = []Value[string]{flagged(chosen, defaultListen)}
	if opt.Net != "" {
		d.network(opt.Net)
		l.Addresses[0].V = ownListen
	}
	if len(opt.Listen) > 0 {
		l.Addresses = nil
		for _, address := range opt.Listen {
			l.Addresses = append(l.Addresses, flagged("--listen", address))
		}
	}
	l.Pos = l.Addresses[0].Pos
	c.Listens = []*Listen{l}

	s := &Site{Settings: c.Base.inherited(), Default: flagged(chosen, true)}
	s.Pos = s.Default.Pos
	root := flagged(chosen, opt.root())
	if opt.Root != "" {
		root = flagged(chosen+" DIR", root.V)
	}
	s.Settings.Root = &root
	c.Sites = []*Site{s}
	d.keepSources()
	return c
}

func flagged[T any](name string, v T) Value[T] {
	return Value[T]{v, trace.Position{File: name, Origin: trace.Flag}}
}
