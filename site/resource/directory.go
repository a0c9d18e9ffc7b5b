package resource

import (
	"cmp"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
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

// ReadDir lists a directory. It reads the disk and so is for use off the loops; nothing of it is kept.
func (r *Root) ReadDir(path string, opt LoadOptions, tr *trace.Journey) (*List, *Failure) {
	l, f := r.readDir(path, opt, MaxItems)
	if f != nil {
		tr.Add(trace.Event{Step: step, Reason: f.Reason, Subject: path, Details: f.Details()})
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

func (r *Root) readDir(dir string, opt LoadOptions, limit int) (*List, *Failure) {
	switch f := inspect(dir); {
	case f.malformed:
		return nil, fail(reasonMalformed, 404, dir)
	case f.hidden && !opt.Hidden:
		return nil, fail(reasonHidden, 404, dir)
	}
	sub, err := r.door.enterDirectory(nameOf(dir))
	if err != nil {
		return nil, r.blame(dir, err)
	}
	defer sub.Close()
	l, err := r.list(sub, dir, opt, limit)
	if err != nil {
		return nil, r.blame(dir, err)
	}
	return l, nil
}

func (r *Root) list(sub *os.Root, dir string, opt LoadOptions, limit int) (*List, error) {
	f, err := sub.Open(".")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	l := &List{Path: dir, ModTime: fi.ModTime()}
	for !l.Cut {
		names, err := f.Readdirnames(256)
		for _, name := range names {
			if name[0] == '.' && !opt.Hidden && (nameOf(dir) != "." || name != wellKnown) {
				continue
			}
			item, ok := r.item(sub, dir, name)
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
func (r *Root) item(sub *os.Root, dir, name string) (Item, bool) {
	fi, err := sub.Lstat(name)
	if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
		fi, err = r.door.stat(path.Join(nameOf(dir), name))
	}
	if err != nil {
		return Item{}, false
	}
	item := Item{Name: name, ModTime: fi.ModTime()}
	switch {
	case fi.IsDir():
		item.Kind = Directory
	case fi.Mode().IsRegular():
		item.Kind, item.Size = File, fi.Size()
	default:
		return Item{}, false
	}
	return item, true
}
