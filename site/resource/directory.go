package resource

import (
	"cmp"
	"io"
	"io/fs"
	"path"
	"slices"
	"syscall"
	"time"

	"vitrine/trace"
)

// Item is one entry of a directory.
type Item struct {
	Name    string // as on the disk, in whatever encoding
	Kind    Kind   // of what it leads to
	Size    int64  // bytes; 0 for a directory
	ModTime time.Time
}

// List is what is in a directory: what a request could get, so hidden files are left out unless LoadOptions.Hidden,
// and so are links that lead nowhere or out of the root, devices, pipes and sockets.
type List struct {
	Path    string
	ModTime time.Time // of the directory
	Items   []Item    // by name, byte by byte
	Cut     bool      // there are more
}

// MaxItems is how many entries of a directory are listed at most: those that the system names first.
const MaxItems = 10_000

// ReadDir lists a directory. It reads the disk and so is for use off the loops; nothing of it is kept. The journey,
// which may be nil, is told what was decided.
func (r *Root) ReadDir(path string, opt LoadOptions, tr *trace.Journey) (*List, *Failure) {
	return r.readDir(path, opt, MaxItems, tr)
}

func (r *Root) readDir(path string, opt LoadOptions, limit int, tr *trace.Journey) (*List, *Failure) {
	f := inspect(path).refusal(path, opt)
	var l *List
	if f == nil {
		var err error
		if l, err = r.list(path, opt, limit); err != nil {
			f = r.blame(path, err)
		}
	}
	if f != nil {
		if tr != nil {
			tr.Add(trace.Event{Step: step, Reason: f.Reason, Subject: path, Details: f.Details()})
		}
		return nil, f
	}
	reason := reasonListed
	if l.Cut {
		reason = reasonListCut
	}
	reason.Reach()
	if tr != nil {
		tr.Add(trace.Event{Step: step, Reason: reason, Subject: path, Taken: true,
			Details: []trace.Detail{trace.D("entries", itoa(int64(len(l.Items))))}})
	}
	return l, nil
}

func (r *Root) list(dir string, opt LoadOptions, limit int) (*List, error) {
	f, err := r.door.read(nameOf(dir))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	at, err := infoOfFile(f)
	if err != nil {
		return nil, err
	}
	if !at.mode.IsDir() {
		return nil, syscall.ENOTDIR
	}
	l := &List{Path: dir, ModTime: at.modTime}
	for !l.Cut {
		names, err := f.Readdirnames(256)
		for _, name := range names {
			if name[0] == '.' && !opt.Hidden && (nameOf(dir) != "." || name != wellKnown) {
				continue
			}
			item, ok := r.item(dir, name)
			if !ok {
				continue
			}
			if len(l.Items) == limit {
				l.Cut = true
				break
			}
			l.Items = append(l.Items, item)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(l.Items, func(a, b Item) int { return cmp.Compare(a.Name, b.Name) })
	return l, nil
}

// item looks at one name of a directory. It returns false when a request would not get it.
func (r *Root) item(dir, name string) (Item, bool) {
	full := path.Join(nameOf(dir), name)
	i, err := r.door.lstat(full)
	if err == nil && i.mode&fs.ModeSymlink != 0 {
		i, err = r.door.stat(full)
	}
	if err != nil {
		return Item{}, false
	}
	item := Item{Name: name, ModTime: i.modTime}
	switch {
	case i.mode.IsDir():
		item.Kind = Directory
	case i.mode.IsRegular():
		item.Kind, item.Size = File, i.size
	default:
		return Item{}, false
	}
	return item, true
}
