package resource

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"
)

// Kept is a file that a Store holds.
type Kept struct {
	Path    string    // on the disk
	Size    int64     // of the file
	Bytes   int64     // of memory that it costs; 0: it is sent from its descriptor
	Open    bool      // its descriptor is kept, and its content is not
	Checked time.Time // when it was compared with the disk last
}

// mostKept bounds how many files are told of.
const mostKept = 10000

// Files are the files that are kept, by path, and how many there are when those are not all: at most ten thousand are told of.
// Directories are not among them.
func (s *Store) Files() (files []Kept, count int) {
	var all []*Entry
	var costs []int64
	s.mu.Lock()
	collect := func(e *Entry) {
		if e.Kind != File {
			return
		}
		if count++; len(all) < mostKept {
			all, costs = append(all, e), append(costs, e.cost)
		}
	}
	s.memory.each(collect)
	s.descriptors.each(collect)
	s.mu.Unlock() // whoever waits for it is a request
	files = make([]Kept, len(all))
	for i, e := range all {
		files[i] = Kept{Path: filepath.Join(e.root.door.dir, e.Path), Size: e.Size, Open: e.File != nil, Checked: time.Unix(0, e.checked.Load())}
		if e.File == nil {
			files[i].Bytes = costs[i]
		}
	}
	slices.SortFunc(files, func(a, b Kept) int { return cmp.Compare(a.Path, b.Path) })
	return files, count
}
