package resource

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/config"
)

// Store is what is kept of the files of all roots together: one bound on the memory, one on the descriptors, one
// goroutine that looks after what is in use. It is safe for concurrent use.
type Store struct {
	fresh     atomic.Int64 // nanoseconds
	fileBytes atomic.Int64 // the largest file that is kept in memory
	opened    atomic.Int64 // descriptors of files that are open, kept or evicted and still in use

	hits, loads, reads, unchanged, refreshed, evicted atomic.Uint64

	mu              sync.Mutex
	roots           map[Entrance]*Root
	closed          bool
	bytesLimit      int64
	descriptorLimit int
	bytes           int64 // never above bytesLimit
	memory          ring  // files in memory and directories
	descriptors     ring  // never more than descriptorLimit

	wake chan struct{} // there is something to look after, or the configuration has changed
	stop chan struct{}
	done chan struct{}
	now  func() int64 // nanoseconds since 1970

	enter func(dir string) (tree, error)
}

// NewStore makes an empty store within the bounds and starts the goroutine that looks after it. Close ends it.
func NewStore(m config.Memory) *Store {
	s := newStore(m, func() int64 { return time.Now().UnixNano() })
	go s.lookAfter()
	return s
}

func newStore(m config.Memory, now func() int64) *Store {
	s := &Store{
		roots: make(map[Entrance]*Root), now: now, enter: openTree,
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	s.Configure(m)
	return s
}

// Configure changes the bounds, and evicts at once what no longer fits.
func (s *Store) Configure(m config.Memory) {
	s.fresh.Store(int64(m.Fresh.V))
	s.fileBytes.Store(m.FileBytes.V)
	s.mu.Lock()
	s.bytesLimit, s.descriptorLimit = m.FilesBytes.V, m.Descriptors.V
	var leaving []*os.File
	for s.bytes > s.bytesLimit && s.memory.count > 0 {
		leaving = s.evict(s.memory.victim(), leaving)
	}
	for s.descriptors.count > max(s.descriptorLimit, 0) {
		leaving = s.evict(s.descriptors.victim(), leaving)
	}
	s.mu.Unlock()
	closeAll(leaving)
	s.rouse()
}

// Open gives the root of a directory, the same one to everybody who asks for the same directory. Each Open is paired
// with a Close of the root. The error names the component that is missing or may not be read.
func (s *Store) Open(dir string) (*Root, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return s.Enter(Entrance{Dir: dir})
}

// Enter is Open by an entrance. Roots with different entrances share nothing, though the directory be the same.
func (s *Store) Enter(at Entrance) (*Root, error) {
	if r := s.shared(at); r != nil {
		return r, nil
	}
	r := &Root{store: s, door: door{at: at, dir: at.full(), enter: s.enter}, flights: make(map[string]*flight), users: 1}
	if err := r.door.unlock(); err != nil {
		return nil, whyNot(r.door.dir, err)
	}
	r.table.init()
	s.mu.Lock()
	defer s.mu.Unlock()
	if other := s.roots[at]; other != nil { // somebody was faster
		r.door.close()
		other.users++
		return other, nil
	}
	s.roots[at] = r
	return r, nil
}

func (s *Store) shared(at Entrance) *Root {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.roots[at]
	if r != nil {
		r.users++
	}
	return r
}

// Close ends the goroutine and gives up everything that is kept. Descriptors in use stay open until they are
// released. The roots must not be used any more.
func (s *Store) Close() {
	close(s.stop)
	<-s.done
	s.giveUp()
}

func (s *Store) giveUp() {
	s.mu.Lock()
	s.closed = true
	var leaving []*os.File
	for _, ring := range []*ring{&s.memory, &s.descriptors} {
		for ring.count > 0 {
			leaving = s.evict(ring.hand, leaving)
		}
	}
	for at, r := range s.roots {
		delete(s.roots, at)
		r.users = 0
		r.door.close()
	}
	s.mu.Unlock()
	closeAll(leaving)
}

// keep puts a new entry where Hot finds it, in the place of an older one of the same path, if there is room for it.
func (s *Store) keep(e *Entry) {
	e.account()
	s.mu.Lock()
	var leaving []*os.File
	old := e.root.table.findString(e.Path)
	if old != nil {
		s.forget(old)
	}
	if kept := s.makeRoom(e, &leaving); kept {
		e.root.table.add(e)
	}
	if old != nil {
		e.root.table.remove(old)
		if f := old.unref(); f != nil {
			leaving = append(leaving, f)
		}
	}
	s.mu.Unlock()
	closeAll(leaving)
	s.rouse()
}

// makeRoom evicts what must go for an entry and accounts for it. It returns false when it is not to be kept.
func (s *Store) makeRoom(e *Entry, leaving *[]*os.File) bool {
	if s.closed || e.root.users == 0 {
		return false
	}
	if e.File != nil {
		if s.descriptorLimit <= 0 {
			return false
		}
		for s.descriptors.count >= s.descriptorLimit {
			*leaving = s.evict(s.descriptors.victim(), *leaving)
		}
		e.refs.Add(1) // the store's own
		s.descriptors.add(e)
		return true
	}
	if e.cost > s.bytesLimit {
		return false
	}
	for s.bytes+e.cost > s.bytesLimit {
		*leaving = s.evict(s.memory.victim(), *leaving)
	}
	s.bytes += e.cost
	s.memory.add(e)
	return true
}

// fits reports whether a file of a size is to be kept in memory.
func (s *Store) fits(size int64, path string) bool {
	if size > s.fileBytes.Load() {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return size+int64(len(path))+overhead <= s.bytesLimit
}

// forget takes an entry out of its ring and out of the account. It stays in the table.
func (s *Store) forget(e *Entry) {
	e.gone.Store(true)
	if e.File != nil {
		s.descriptors.remove(e)
	} else {
		s.memory.remove(e)
		s.bytes -= e.cost
	}
}

// evict gives a kept entry up, and appends the file to close, if any, to leaving.
func (s *Store) evict(e *Entry, leaving []*os.File) []*os.File {
	s.forget(e)
	e.root.table.remove(e)
	s.evicted.Add(1)
	if f := e.unref(); f != nil {
		leaving = append(leaving, f)
	}
	return leaving
}

// drop gives up what is kept of a path.
func (s *Store) drop(r *Root, path string) {
	s.mu.Lock()
	var leaving []*os.File
	if e := r.table.findString(path); e != nil {
		leaving = s.evict(e, leaving)
	}
	s.mu.Unlock()
	closeAll(leaving)
}

// shed gives a quarter of the kept descriptors back to the system, which has none left, and reports whether there
// was one that nobody used.
func (s *Store) shed() bool {
	s.mu.Lock()
	var leaving []*os.File
	for range (s.descriptors.count + 3) / 4 {
		leaving = s.evict(s.descriptors.victim(), leaving)
	}
	s.mu.Unlock()
	closeAll(leaving)
	return len(leaving) > 0
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// Stats is how much the store holds and has done.
type Stats struct {
	Entries         int   // kept in memory: files and directories
	Bytes           int64 // what they cost, overhead included
	BytesLimit      int64
	Descriptors     int // kept
	DescriptorLimit int
	Open            int64  // descriptors, those included that were evicted and are still in use
	Hits            uint64 // times that a fresh entry was found at once
	Loads           uint64 // misses: times that it was not, and the disk had to be asked
	Reads           uint64 // files read or opened
	Unchanged       uint64 // comparisons with the disk that found no change
	Refreshed       uint64 // of those and of the reads, the ones in the background
	Evicted         uint64
}

// Stats is a snapshot.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Entries: s.memory.count, Bytes: s.bytes, BytesLimit: s.bytesLimit,
		Descriptors: s.descriptors.count, DescriptorLimit: s.descriptorLimit, Open: s.opened.Load(),
		Hits: s.hits.Load(), Loads: s.loads.Load(), Reads: s.reads.Load(), Unchanged: s.unchanged.Load(),
		Refreshed: s.refreshed.Load(), Evicted: s.evicted.Load(),
	}
}
