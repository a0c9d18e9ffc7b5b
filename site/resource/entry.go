package resource

import (
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"vitrine/socket"
)

// Kind is what a path leads to.
type Kind uint8

const (
	File      Kind = iota + 1 // a regular file
	Directory                 // its index or listing is somebody else's decision
)

var kindNames = [...]string{"nothing", "file", "directory"}

func (k Kind) String() string { return kindNames[k] }

// Entry is what a path led to when it was last looked at. Its exported fields never change, except Aux. It is safe
// for concurrent use by everybody who holds a reference.
type Entry struct {
	Kind    Kind
	Path    string // as it was asked for, below the root
	Size    int64  // bytes; 0 for a directory
	ModTime time.Time
	// ETag is a strong entity tag with its quotes, made of modification time, size and inode; empty for a directory.
	ETag string
	Mode fs.FileMode
	// Bytes is the content of a file that is kept in memory. Nobody may change it. It outlives the reference.
	Bytes []byte
	// File is the descriptor of a file that is not kept in memory, nil otherwise. It holds Size bytes from offset 0
	// unless the file shrinks, and is valid while a reference is held.
	File *socket.File
	// Aux is for whoever serves the entry, such as for prebuilt heads. A changed file is a new Entry without it.
	Aux atomic.Value
	// Page is likewise for whoever fills in its directives: the file with those found.
	Page atomic.Value

	*standing
	identity identity
	owner    ids
	hidden   bool
	names    *nameList // of a directory, when they were asked for
	hash     uint64
	cost     int64 // bytes accounted; once it is kept, guarded by Store.mu
	forms    atomic.Pointer[[]formOf]
	refs     atomic.Int32 // of the descriptor: the cache's own, and one for each holder; 0: closed for good

	prev, next *Entry // in its ring, nil when it is not kept; guarded by Store.mu
}

// Owner is the name of the user to whom the file belonged when it was looked at, or a number; "" where the system does not
// tell. To find the name may wait for a directory service, so it is for use off the loops.
func (e *Entry) Owner() string {
	if !e.owner.known {
		return ""
	}
	return users.of(e.owner.user)
}

// Acquire takes one more reference for one more holder, such as each piece of a response. It returns false when the
// entry was evicted and its last user is gone, which cannot happen to somebody who holds one.
func (e *Entry) Acquire() bool {
	if e.File == nil {
		return true // the bytes belong to the garbage collector
	}
	for {
		n := e.refs.Load()
		if n <= 0 {
			return false
		}
		if e.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Release gives a reference back. It does not block.
func (e *Entry) Release() {
	if f := e.unref(); f != nil {
		// Closing can wait for the disk, when the file was removed meanwhile, and this may be a loop.
		go f.Close()
	}
}

// unref gives a reference back and returns the file to close when it was the last one.
func (e *Entry) unref() *os.File {
	if e.File == nil || e.refs.Add(-1) != 0 {
		return nil
	}
	e.root.store.opened.Add(-1)
	return e.File.F
}

// newEntry is an entry for what was found, with one reference for the caller.
func newEntry(r *Root, path string, kind Kind, i info, checked int64) *Entry {
	e := &Entry{
		Kind: kind, Path: path, ModTime: i.modTime, Mode: i.mode,
		standing: &standing{root: r},
		identity: i.identity, owner: i.owner, hidden: inspect(path).hidden, hash: r.table.hashString(path),
	}
	if kind == File {
		e.Size, e.ETag = i.size, i.etag()
	}
	e.checked.Store(checked)
	e.refs.Store(1)
	return e
}

// hold makes the entry one that is sent from the descriptor.
func (e *Entry) hold(f *os.File) {
	e.File = &socket.File{F: f, FD: int(f.Fd()), Size: e.Size, Hold: e.Acquire, Done: e.Release}
	e.root.store.opened.Add(1)
}

// overhead is what an entry costs besides its path and its content, in bytes: itself and its place in the table, which
// a test holds against the heap, and about a kilobyte for what those who serve it attach to it, such as a prebuilt head.
const overhead = 1536

// account notes what the entry costs.
func (e *Entry) account() { e.cost = int64(cap(e.Bytes)+len(e.Path)) + overhead + e.names.cost() }
