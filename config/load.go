package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty/function"

	"vitrine/trace"
)

// Options say what a configuration may see of the world. The zero value sees the real one.
type Options struct {
	Env       func(name string) (string, bool)       // environment variables; nil: os.LookupEnv
	ReadFile  func(path string) ([]byte, error)      // nil: of the file system, up to 16 MiB
	Glob      func(pattern string) ([]string, error) // of includes; nil: filepath.Glob
	NoFiles   bool                                   // do not look whether roots and missing pages exist
	Admin     string                                 // what --admin says, in place of an admin block's address; empty: nothing
	Net       string                                 // what --net says, in place of a network block; empty: nothing
	ReasonIDs func() []string                        // the ids that expect blocks may name; nil: they are not checked
}

func (opt Options) complete() Options {
	if opt.Env == nil {
		opt.Env = os.LookupEnv
	}
	if opt.ReadFile == nil {
		opt.ReadFile = readFile
	}
	if opt.Glob == nil {
		opt.Glob = filepath.Glob
	}
	return opt
}

// Load reads the configuration in a file and in those it includes. It returns either a whole, checked Config or nil
// and every error at once; the Diagnostics are never nil and hold the warnings too. A name that ends in .json is
// read as HCL's JSON twin.
func Load(path string, opt Options) (*Config, *Diagnostics) {
	opt = opt.complete()
	src, err := opt.ReadFile(path)
	if err != nil {
		ds := &Diagnostics{}
		ds.Add(Error, trace.Position{}, "cannot read the configuration "+path+": "+cause(err), "")
		return nil, ds
	}
	return Parse(src, path, opt)
}

// Parse is Load for a text that has been read already. Relative paths in it are relative to the folder of filename.
func Parse(src []byte, filename string, opt Options) (*Config, *Diagnostics) {
	d := newDecoder(opt)
	d.allDefaults(d.root, d.config)
	top := &body{}
	d.read(filename, src, nil, top)
	d.decode(d.root, top, d.config)
	if d.opt.Net != "" {
		d.network(d.opt.Net)
	}
	if d.opt.Admin != "" {
		d.admin(d.opt.Admin)
	}
	for _, f := range d.files {
		d.checkLocals(f)
	}
	d.finish()
	d.keepSources()
	if d.diags.HasErrors() {
		return nil, d.diags
	}
	return d.config, d.diags
}

// file is one text that is being decoded.
type file struct {
	name string // as it is shown
	dir  string // absolute: what relative paths in it are relative to
	source
	parent  *file // the file that includes this one
	flag    bool  // it is no file, but what a flag says
	locals  map[string]*local
	ordered []*local

	broken   bool         // it has a syntax error
	unread   map[int]bool // the lines with one
	doubtful int          // from this line on nothing can be trusted; 0: everything can
}

// decoder turns trees into a Config and collects what is wrong on the way.
type decoder struct {
	opt       Options
	root      *blockType
	config    *Config
	diags     *Diagnostics
	files     []*file
	byName    map[string]*file
	functions map[string]function.Function
	envCalled bool              // the function env was called and found its variable
	current   *setting          // being evaluated, for better hints
	expectIn  map[*Expect]*Site // the site that an expect block stands in
	written   map[any]*block    // the block that a value was decoded from
	seenRoots map[string]bool   // roots that were checked already
	broken    bool              // some file has a syntax error
	secrets   map[string]bool   // environment variables that are used for secrets
	defaulted bool              // the program's own defaults are being decoded
	fields    []fieldText       // of header fields, and whatever else has names
}

func newDecoder(opt Options) *decoder {
	d := &decoder{
		opt:       opt.complete(),
		root:      schema,
		config:    &Config{Variables: make(map[string]Value[string])},
		diags:     &Diagnostics{},
		byName:    make(map[string]*file),
		expectIn:  make(map[*Expect]*Site),
		written:   make(map[any]*block),
		seenRoots: make(map[string]bool),
		secrets:   make(map[string]bool),
	}
	d.functions = d.callable()
	return d
}

// keepSources puts the texts that were read into the configuration, for whoever shows its lines.
func (d *decoder) keepSources() {
	d.hideFields()
	d.config.Sources = make(map[string][]string, len(d.byName))
	for name, f := range d.byName {
		d.config.Sources[name] = f.shownLines()
	}
}

// read parses a file and appends what it says to top, and then what the files it includes say.
func (d *decoder) read(name string, src []byte, parent *file, top *body) {
	f := &file{name: name, source: newSource(src), parent: parent, locals: make(map[string]*local)}
	f.dir = filepath.Dir(name)
	if abs, err := filepath.Abs(f.dir); err == nil {
		f.dir = abs
	}
	d.files = append(d.files, f)
	d.byName[name] = f
	d.diags.addSource(name, f.source)
	d.config.Paths = append(d.config.Paths, name)

	tree := d.parse(f)
	top.lost = top.lost || tree.lost
	top.end = tree.end
	var includes []*attr
	for _, a := range tree.attrs {
		if a.name == "include" {
			includes = append(includes, a)
		} else {
			top.attrs = append(top.attrs, a)
		}
	}
	for _, b := range tree.blocks {
		if b.name == localsBlock.name {
			d.readLocals(f, b)
		} else {
			top.blocks = append(top.blocks, b)
		}
	}
	for _, a := range includes {
		d.include(f, a, top)
	}
}

// parse makes the tree of a file, with its syntax errors reported.
func (d *decoder) parse(f *file) *body {
	if !d.legible(f) {
		return &body{lost: true}
	}
	if isJSON(f.name) {
		expr, diags := json.ParseExpression(f.text, f.name)
		if diags.HasErrors() {
			d.syntaxErrors(f, diags)
			return &body{lost: true}
		}
		return d.jsonBody(f, d.root, expr)
	}
	parsed, diags := hclsyntax.ParseConfig(f.text, f.name, hcl.InitialPos)
	d.syntaxErrors(f, diags)
	native, ok := parsed.Body.(*hclsyntax.Body)
	if !ok {
		return &body{lost: true}
	}
	return d.nativeBody(f, native)
}

func (d *decoder) readLocals(f *file, b *block) {
	for _, l := range b.labels {
		d.fail(l.at, "a locals block has no label", "remove it")
	}
	for _, inner := range b.body.blocks {
		d.fail(inner.head, "a locals block holds names and values only", "write "+inner.name+" = …")
	}
	for _, a := range b.body.attrs {
		if first := f.locals[a.name]; first != nil {
			d.failRelated(a.at, "local."+a.name+" is defined twice", "give one of them another name", first.attr.at, "it is defined here first")
			continue
		}
		l := &local{attr: a}
		f.locals[a.name] = l
		f.ordered = append(f.ordered, l)
	}
}

// include reads the files that an include setting names.
func (d *decoder) include(f *file, a *attr, top *body) {
	for _, element := range d.list(d.root.setting("include"), a) {
		pattern, ok := d.text(d.root.setting("include"), element)
		if !ok {
			continue
		}
		path := pattern
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(f.name), path)
		}
		paths := []string{path}
		if strings.ContainsAny(pattern, "*?[") {
			matches, err := d.opt.Glob(path)
			if err != nil {
				d.fail(element.at, "the pattern "+quoted(pattern)+" is malformed", "* stands for any part of a name, ? for one character and [abc] for one of some")
				continue
			}
			if len(matches) == 0 {
				d.warn(element.at, "no file matches "+quoted(pattern), "looked for "+path)
			}
			itself := func(path string) bool { return filepath.Clean(path) == filepath.Clean(f.name) }
			paths = slices.DeleteFunc(matches, itself) // "*.hcl" means the other ones
			slices.Sort(paths)
		}
		for _, path := range paths {
			d.includeOne(f, element, path, top)
		}
	}
}

func (d *decoder) includeOne(f *file, element located, path string, top *body) {
	for outer := f; outer != nil; outer = outer.parent {
		if filepath.Clean(outer.name) == filepath.Clean(path) {
			d.fail(element.at, path+" includes itself"+through(f, outer), "remove one include of the circle")
			return
		}
	}
	if d.byName[path] != nil {
		d.fail(element.at, path+" is included twice", "include it once")
		return
	}
	src, err := d.opt.ReadFile(path)
	if err != nil {
		hint := ""
		if errors.Is(err, fs.ErrNotExist) {
			hint = "the path is relative to " + f.name + "; a pattern with * may match nothing"
		}
		d.fail(element.at, "cannot read "+path+": "+cause(err), hint)
		return
	}
	d.read(path, src, f, top)
}

// through names the files between one that includes and the one it leads back to.
func through(from, to *file) string {
	if from == to {
		return ""
	}
	names := from.name
	for f := from.parent; f != nil && f != to; f = f.parent {
		names = f.name + " and " + names
	}
	return " through " + names
}

// cause is an error of the file system without the operation and the path, which the message says already.
func cause(err error) string {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is no such file"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	}
	return err.Error()
}
