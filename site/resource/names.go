package resource

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"vitrine/trace"
)

// nameList is the names in a directory, sorted byte by byte.
type nameList struct {
	list []string // pieces of one text
	size int      // of the text
	cut  bool     // there are more
}

// namesMark begins what follows a directory's path in the path of the entry that has its names. No path of a request has
// it: inspect finds it malformed.
const namesMark = "\x00"

// HotNames is the entry with the names in a directory, whose path ends with a slash, when it is kept and fresh at the
// time, in nanoseconds since 1970; nil otherwise, and then LoadNames knows. limit is LoadNames's. It takes no lock, does
// not allocate and never touches the disk. The entry needs no Release.
func (r *Root) HotNames(dir []byte, limit int, now int64) *Entry {
	var buf [512]byte
	key := strconv.AppendInt(append(append(buf[:0], dir...), namesMark...), int64(limit), 10)
	e := r.table.find(key)
	if e == nil || !e.Fresh(now) {
		return nil
	}
	e.use()
	return e
}

// LoadNames reads the names in a directory, at most limit of them: those that the system names first. It looks at the
// disk unless that was done less than the fresh time ago, so it is for use off the loops. What is kept of them counts
// as what is kept of files does, and a directory that changed is read again. The entry needs no Release. The journey,
// which may be nil, is told what was decided.
func (r *Root) LoadNames(dir string, limit int, opt LoadOptions, tr *trace.Journey) (*Entry, *Failure) {
	var o outcome
	if f := inspect(dir).refusal(dir, opt); f != nil {
		o.failure = f
	} else {
		r.store.loads.Add(1)
		o = r.lookup(dir+namesMark+strconv.Itoa(limit), r.store.now())
	}
	if o.failure != nil {
		if tr != nil {
			o.tell(dir, tr)
		}
		return nil, o.failure
	}
	if tr != nil {
		tr.Add(trace.Event{Step: step, Reason: o.reason, Subject: dir, Taken: true,
			Details: []trace.Detail{trace.D("names", itoa(int64(len(o.entry.names.list))))}})
		if o.entry.names.cut {
			tr.Add(trace.Event{Step: step, Reason: reasonListCut.Reach(), Subject: dir})
		}
	}
	return o.entry, nil
}

// NamesOf are the names in the directory that begin with a prefix, sorted; none when the entry is not one of names. They
// may be hidden ones, and lead to anything, or out of the root: who wants the file asks Hot or Load.
func (e *Entry) NamesOf(prefix string) []string {
	if e.names == nil {
		return nil
	}
	list := e.names.list
	from, _ := slices.BinarySearch(list, prefix)
	to := from
	for to < len(list) && strings.HasPrefix(list[to], prefix) {
		to++
	}
	return list[from:to:to]
}

// HasName reports whether a name is in the directory. It does not allocate.
func (e *Entry) HasName(name []byte) bool {
	if e.names == nil {
		return false
	}
	_, found := slices.BinarySearch(e.names.list, unsafe.String(unsafe.SliceData(name), len(name)))
	return found
}

// Cut reports whether the directory has more names than were read.
func (e *Entry) Cut() bool { return e.names != nil && e.names.cut }

// Missing is the failure of a path that is known to lead to nothing, without a look at the disk.
func Missing(path string) *Failure { return fail(reasonMissing, 404, path) }

// readNames is examine for a directory's names.
func (r *Root) readNames(path string, start int64) (outcome, error) {
	dir, limit, _ := strings.Cut(path, namesMark)
	most, _ := strconv.Atoi(limit)
	for try := 1; ; try++ {
		i, err := r.door.stat(nameOf(dir))
		if err != nil {
			return outcome{}, err
		}
		if !i.mode.IsDir() {
			return outcome{}, syscall.ENOTDIR
		}
		if e := r.table.findString(path); e != nil && e.identity == i.identity {
			e.checked.Store(start)
			e.use()
			r.store.unchanged.Add(1)
			r.store.rouse()
			return outcome{entry: e, reason: reasonNamesUnchanged.Reach()}, nil
		}
		// A second change within a tick of the file system's clock could not be told from the first.
		if age := time.Since(i.modTime); age >= 0 && age < granule && try < tries {
			time.Sleep(granule - age)
			continue
		}
		e := newEntry(r, path, Directory, i, start)
		e.hidden = true // no path of a request leads here
		f, err := r.door.read(nameOf(dir))
		if err != nil {
			return outcome{}, err
		}
		e.names, err = takeNames(f, most)
		after, lookErr := infoOfFile(f)
		f.Close()
		if err != nil {
			return outcome{}, err
		}
		steady := lookErr == nil && after.identity == e.identity
		if !steady && try < tries {
			continue
		}
		r.store.reads.Add(1)
		if steady {
			r.store.keep(e)
		}
		return outcome{entry: e, reason: reasonNamesRead.Reach()}, nil
	}
}

// takeNames reads the names in an open directory.
func takeNames(f *os.File, most int) (*nameList, error) {
	n := new(nameList)
	var all []string
	for {
		batch, err := f.Readdirnames(min(512, most-len(all)+1))
		all = append(all, batch...)
		if len(all) > most {
			all, n.cut = all[:most], true
			break
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(all)
	text := strings.Join(all, "") // one piece of memory, so that what is accounted is what it costs
	n.size = len(text)
	n.list = make([]string, len(all))
	for i, name := range all {
		n.list[i], text = text[:len(name)], text[len(name):]
	}
	return n, nil
}

// cost is what the names cost in memory, in bytes.
func (n *nameList) cost() int64 {
	if n == nil {
		return 0
	}
	return int64(n.size) + int64(cap(n.list))*int64(unsafe.Sizeof(""))
}
