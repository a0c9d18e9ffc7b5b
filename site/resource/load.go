package resource

import (
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// flight is one load that others wait for.
type flight struct {
	start   int64 // when it began to look, nanoseconds since 1970
	waiters int   // guarded by Root.mu
	done    chan struct{}
	outcome outcome
}

// lookup answers from a fresh entry, from a load that is under way, or with a load of its own.
func (r *Root) lookup(path string, arrived int64) outcome {
	for {
		if e := r.table.findString(path); e != nil && e.Fresh(arrived) && e.Acquire() {
			e.use()
			return outcome{entry: e, reason: reasonKept.Reach()}
		}
		r.mu.Lock()
		f := r.flights[path]
		if f == nil {
			f = &flight{start: r.store.now(), done: make(chan struct{})}
			r.flights[path] = f
			r.mu.Unlock()
			return r.fly(path, f)
		}
		f.waiters++
		r.mu.Unlock()
		<-f.done
		o := f.outcome
		// What was seen before this request came is good enough within the fresh time only.
		if f.start >= arrived || arrived-f.start < r.store.fresh.Load() {
			if o.failure != nil {
				o.failure.Reason.Reach()
			} else {
				o.reason.Reach()
			}
			return o
		}
		if o.entry != nil {
			o.entry.Release()
		}
	}
}

// fly does the load and hands the outcome, with a reference each, to those who wait for it.
func (r *Root) fly(path string, f *flight) outcome {
	landed := false
	defer func() {
		if !landed { // a panic: those who wait must not wait for ever
			f.outcome = outcome{failure: fail(reasonFailed, 500, path)}
		}
		r.mu.Lock()
		delete(r.flights, path)
		if e := f.outcome.entry; e != nil {
			for range f.waiters {
				e.Acquire()
			}
		}
		r.mu.Unlock()
		close(f.done)
	}()
	f.outcome = r.look(path, f.start)
	landed = true
	return f.outcome
}

// look looks at the disk. What it finds was there at the start or later.
func (r *Root) look(path string, start int64) outcome {
	moved, err := r.door.follow()
	if err != nil {
		r.store.drop(r, path)
		f := fail(reasonRootGone, 503, path)
		f.stop, f.Err = &stop{component: r.door.dir}, err
		return outcome{failure: f}
	}
	if moved {
		reasonRootMoved.Reach()
	}
	o, err := r.examine(path, start)
	if outOfDescriptors(err) && r.store.shed() {
		o, err = r.examine(path, start)
	}
	if err != nil {
		o.failure = r.blame(path, err)
	}
	if f := o.failure; f != nil && f.Reason != reasonExhausted {
		r.store.drop(r, path)
	}
	o.moved = moved
	return o
}

func outOfDescriptors(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// examine finds out what the path leads to. The error is the system's; decisions of our own are in the outcome.
func (r *Root) examine(path string, start int64) (outcome, error) {
	if strings.Contains(path, namesMark) {
		return r.readNames(path, start)
	}
	i, err := r.door.stat(nameOf(path))
	if err != nil {
		return outcome{}, err
	}
	if f := r.refuse(path, i); f != nil {
		return outcome{failure: f}, nil
	}
	if e := r.table.findString(path); e != nil && e.identity == i.identity && e.Acquire() {
		e.checked.Store(start)
		e.use()
		r.store.unchanged.Add(1)
		r.store.rouse()
		return outcome{entry: e, reason: reasonUnchanged.Reach()}, nil
	}
	if i.mode.IsDir() {
		return r.directory(path, i, start), nil
	}
	return r.open(path, start)
}

func (r *Root) directory(path string, i info, start int64) outcome {
	e := newEntry(r, path, Directory, i, start)
	r.store.keep(e)
	return outcome{entry: e, reason: reasonDirectory.Reach()}
}

// refuse says why what was found is not served, nil when it is.
func (r *Root) refuse(path string, i info) *Failure {
	var f *Failure
	switch {
	case i.mode.IsDir():
		return nil
	case !i.mode.IsRegular():
		f = fail(reasonSpecial, 403, path)
	case inspect(path).slash:
		f = fail(reasonSlashOnFile, 404, path)
	default:
		return nil
	}
	f.stop = r.door.stop(nameOf(path), i, nil)
	return f
}

// tries is how often a file that changes while it is read is read again.
const tries = 3

// open reads a file into memory, or opens it to be sent from its descriptor.
func (r *Root) open(path string, start int64) (outcome, error) {
	for try := 1; ; try++ {
		f, err := r.door.read(nameOf(path))
		if err != nil {
			return outcome{}, err
		}
		o, steady, err := r.take(path, f, start, try == tries)
		if o.entry == nil || o.entry.File == nil {
			f.Close()
		}
		if err != nil || steady {
			return o, err
		}
	}
}

// take makes an entry of an open file. It returns false when the file does not hold still, unless this was the last
// try: then the file is sent from the descriptor.
func (r *Root) take(path string, f *os.File, start int64, last bool) (o outcome, steady bool, err error) {
	i, settled, err := settle(f)
	if err != nil {
		return outcome{}, false, err
	}
	// It may have become something else since it was looked at.
	if refusal := r.refuse(path, i); refusal != nil {
		return outcome{failure: refusal}, true, nil
	}
	if i.mode.IsDir() {
		return r.directory(path, i, start), true, nil
	}
	e := newEntry(r, path, File, i, start)
	reason := reasonRead
	if !r.store.fits(e.Size, path) {
		reason = reasonOpened
		e.hold(f)
	} else {
		steady := settled
		if settled {
			if steady, err = e.read(f); err != nil {
				return outcome{}, false, err
			}
		}
		if !steady {
			if !last {
				return outcome{}, false, nil
			}
			reason = reasonUnsteady
			e.hold(f)
		}
	}
	r.store.reads.Add(1)
	r.store.keep(e)
	return outcome{entry: e, reason: reason.Reach()}, true, nil
}

// read reads a file's content. It returns false when the file changed meanwhile.
func (e *Entry) read(f *os.File) (steady bool, err error) {
	b := slices.Grow([]byte(nil), int(e.Size))[:e.Size] // its capacity is what the allocator gave, and is accounted
	if _, err := f.ReadAt(b, 0); err == io.EOF {
		return false, nil // it is shorter than it was
	} else if err != nil {
		return false, err
	}
	readHook()
	after, err := infoOfFile(f)
	if err != nil || after.identity != e.identity {
		return false, err
	}
	e.Bytes = b
	return true, nil
}

// readHook is for tests that change a file at the worst moment.
var readHook = func() {}

// granule is the coarsest step in which current file systems count modification times: a tick of the kernel's clock.
const granule = 10 * time.Millisecond

// settle looks at an open file. When it was modified just now, settle waits for the file system's clock to go on: a
// second change within one tick could not be told from the first, so that the entity tag would not be strong
// (RFC 9110 §8.8.1), and a write that is under way could be kept half done for ever. It returns false when the file
// was modified again meanwhile.
func settle(f *os.File) (i info, settled bool, err error) {
	i, err = infoOfFile(f)
	if err != nil || !i.mode.IsRegular() {
		return i, err == nil, err
	}
	age := time.Since(i.modTime)
	if age < 0 || age >= granule { // a time in the future was set by hand and says nothing
		return i, true, nil
	}
	time.Sleep(granule - age)
	before := i.identity
	if i, err = infoOfFile(f); err != nil {
		return info{}, false, err
	}
	return i, i.identity == before, nil
}
