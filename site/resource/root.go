package resource

import (
	"os"
	"sync"
	"time"

	"vitrine/trace"
)

// Root is a directory whose files are served, and what is kept of them. It is safe for concurrent use.
type Root struct {
	store *Store
	door  door
	table table
	users int // Opens that were not yet closed; guarded by Store.mu

	mu      sync.Mutex
	flights map[string]*flight // loads under way, by path
}

// Dir is the directory, as an absolute path.
func (r *Root) Dir() string { return r.door.dir }

// Close gives the root back. With the last one of those who opened it, what is kept of it goes, too; loads fail from
// then on.
func (r *Root) Close() {
	s := r.store
	s.mu.Lock()
	var leaving []*os.File
	if r.users > 0 {
		r.users--
	}
	if last := r.users == 0 && s.roots[r.door.at] == r; last {
		delete(s.roots, r.door.at)
		var mine []*Entry
		collect := func(e *Entry) {
			if e.root == r {
				mine = append(mine, e)
			}
		}
		s.memory.each(collect)
		s.descriptors.each(collect)
		for _, e := range mine {
			leaving = s.evict(e, leaving)
		}
		r.door.close()
	}
	s.mu.Unlock()
	closeAll(leaving)
}

// Hot is what a path leads to, when that is kept and fresh at the time, in nanoseconds since 1970; nil otherwise, and
// then Load knows. It takes no lock, does not allocate and never touches the disk. The entry comes with a reference
// for the caller. Hidden files are never hot.
func (r *Root) Hot(path []byte, now int64) *Entry {
	e := r.table.find(path)
	if e == nil || e.hidden || !e.Fresh(now) || !e.Acquire() {
		return nil
	}
	e.use()
	r.store.hits.Add(1)
	return e
}

// Tell adds to a journey, which may be nil, that the entry was hot.
func (e *Entry) Tell(tr *trace.Journey) {
	if tr != nil {
		tr.Add(trace.Event{Step: step, Reason: reasonKept.Reach(), Subject: e.Path, Taken: true, Details: e.Details()})
	}
}

// LoadOptions are what differs between those who share a root.
type LoadOptions struct {
	Hidden bool // names that begin with a dot are served, too
}

// Load is what a path leads to, or why it leads to nothing. It looks at the disk unless that was done less than the
// fresh time ago, and so it is for use off the loops. Loads of one path at one time share their work. The entry
// comes with a reference for the caller. The journey, which may be nil, is told what was decided.
func (r *Root) Load(path string, opt LoadOptions, tr *trace.Journey) (*Entry, *Failure) {
	o := r.load(path, opt)
	if tr != nil {
		o.tell(path, tr)
	}
	return o.entry, o.failure
}

// outcome is what a load came to.
type outcome struct {
	entry   *Entry
	failure *Failure
	reason  *trace.Reason // how the entry was found
	moved   bool          // the root was opened anew
}

func (r *Root) load(path string, opt LoadOptions) outcome {
	if f := inspect(path).refusal(path, opt); f != nil {
		return outcome{failure: f}
	}
	r.store.loads.Add(1)
	return r.lookup(path, r.store.now())
}

// tell adds the outcome to a journey.
func (o *outcome) tell(path string, tr *trace.Journey) {
	if o.moved {
		tr.Add(trace.Event{Step: step, Reason: reasonRootMoved, Subject: path, Taken: true})
	}
	if f := o.failure; f != nil {
		tr.Add(trace.Event{Step: step, Reason: f.Reason, Subject: path, Details: f.Details()})
		return
	}
	tr.Add(trace.Event{Step: step, Reason: o.reason, Subject: path, Taken: true, Details: o.entry.Details()})
}

const step = "resource"

// Details are what is known about the entry, for the journey.
func (e *Entry) Details() []trace.Detail {
	all := []trace.Detail{trace.D("kind", e.Kind.String())}
	if e.Kind == File {
		all = append(all, trace.D("size", itoa(e.Size)), trace.D("etag", e.ETag))
	}
	return append(all, trace.D("mode", e.Mode.String()), trace.D("modified", e.ModTime.UTC().Format(time.RFC3339Nano)))
}
