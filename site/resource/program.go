package resource

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Program is a file that a path leads to and that is to be run, with the part of the path that is its own affair. It was
// opened by the one walk beneath the root: neither a name nor a link led out of it.
type Program struct {
	Path string   // the part of the path that names it
	Info string   // the part behind it; empty or with a slash at its beginning
	Name string   // in the file system's terms, absolute
	File *os.File // open for reading; nil when it may be executed and not read. It is the caller's
	Mode fs.FileMode
	// Folder is the mode of the folder that it is in.
	Folder fs.FileMode
	id     identity
	root   *Root
}

// Close gives the file back.
func (p *Program) Close() {
	if p.File != nil {
		p.File.Close()
	}
}

// Same reports whether the name still leads to the file that was looked at.
func (p *Program) Same() bool {
	i, err := p.root.door.stat(nameOf(p.Path))
	return err == nil && i.samePlace(p.id)
}

// ProgramOptions are what differs between those who share a root.
type ProgramOptions struct {
	LoadOptions
	// Suffix reports whether a name is that of a program. Nil: every file is one.
	Suffix func(name string) bool
}

// Program finds the program that a path begins with, as CGI splits it (RFC 3875 §3.3). Of a path that leads on below a
// file, the file is the program and the rest is its Info; there is one such file at most, since nothing is below a file.
// With a Suffix only names that have it count, and the answer is nil without a failure when none of them is a file. A
// folder is no program: then the failure is nil and the Program has no Name. It looks at the disk, so it is for use off the
// loops.
func (r *Root) Program(asked string, opt ProgramOptions) (*Program, *Failure) {
	if _, err := r.door.follow(); err != nil {
		f := fail(reasonRootGone, 503, asked)
		f.stop, f.Err = &stop{component: r.door.dir}, err
		return nil, f
	}
	whole := strings.TrimRight(asked, "/")
	if whole == "" || whole[0] != '/' {
		return &Program{Path: asked, root: r}, nil
	}
	if opt.Suffix != nil {
		return r.programBySuffix(asked, opt)
	}
	p, f := r.program(whole, opt.LoadOptions)
	if f != nil && f.Reason == reasonNotDirectory {
		p, f = r.programAbove(whole, opt.LoadOptions, f)
	}
	if p != nil {
		p.Info = asked[len(p.Path):]
	}
	return p, f
}

// programAbove finds the file among the folders of a path that cannot be entered: below it everything fails in the same
// way, and above it nothing does, so that halves tell.
func (r *Root) programAbove(whole string, opt LoadOptions, last *Failure) (*Program, *Failure) {
	var ends []int // of the path's parts
	for i := 1; i < len(whole); i++ {
		if whole[i] == '/' {
			ends = append(ends, i)
		}
	}
	low, high := 0, len(ends)
	for low < high {
		middle := (low + high) / 2
		p, f := r.program(whole[:ends[middle]], opt)
		switch {
		case f != nil && f.Reason == reasonNotDirectory:
			high, last = middle, f
		case f != nil:
			return nil, f
		case p.Name == "": // a folder
			low = middle + 1
		default:
			return p, nil
		}
	}
	return nil, last
}

func (r *Root) programBySuffix(asked string, opt ProgramOptions) (*Program, *Failure) {
	for start := 1; start < len(asked); {
		end := len(asked)
		if i := strings.IndexByte(asked[start:], '/'); i >= 0 {
			end = start + i
		}
		if opt.Suffix(asked[start:end]) {
			p, f := r.program(asked[:end], opt.LoadOptions)
			switch {
			case f != nil && f.Status != 404:
				return nil, f
			case f == nil && p.Name != "":
				p.Info = asked[end:]
				return p, nil
			}
		}
		start = end + 1
	}
	return nil, nil
}

// program opens one name. Of a folder it gives a Program without a Name.
func (r *Root) program(name string, opt LoadOptions) (*Program, *Failure) {
	if f := inspect(name).refusal(name, opt); f != nil {
		return nil, f
	}
	p := &Program{Path: name, root: r}
	var i info
	f, err := r.door.read(nameOf(name))
	switch {
	case err == nil:
		if i, err = infoOfFile(f); err != nil {
			f.Close()
			return nil, r.blame(name, err)
		}
	case errors.Is(err, fs.ErrPermission): // it may be one that is executed and not read
		var lookErr error
		if i, lookErr = r.door.stat(nameOf(name)); lookErr != nil {
			return nil, r.blame(name, err)
		}
	default:
		return nil, r.blame(name, err)
	}
	shut := func() {
		if f != nil {
			f.Close()
		}
	}
	if i.mode.IsDir() {
		shut()
		return p, nil
	}
	if refusal := r.refuse(name, i); refusal != nil {
		shut()
		return nil, refusal
	}
	folder, err := r.door.stat(path.Dir(nameOf(name)))
	if err != nil {
		shut()
		return nil, r.blame(name, err)
	}
	p.File, p.Mode, p.Folder, p.id = f, i.mode, folder.mode, i.identity
	p.Name = filepath.Join(r.door.dir, filepath.FromSlash(nameOf(name)))
	return p, nil
}
