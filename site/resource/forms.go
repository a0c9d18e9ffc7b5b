package resource

// formOf is another form of an entry's content, such as one with a content coding.
type formOf struct {
	key   uint32
	bytes []byte
}

// mostForms bounds the other forms of one entry. The oldest is the first to go.
const mostForms = 6

// Form is what KeepForm has kept under a key.
func (e *Entry) Form(key uint32) (b []byte, kept bool) {
	if all := e.forms.Load(); all != nil {
		for _, f := range *all {
			if f.key == key {
				return f.bytes, true
			}
		}
	}
	return nil, false
}

// KeepForm keeps another form of the content with the entry, as long as that is kept, and accounts for it: others are
// evicted when there is no room. It reports whether it is kept, which it is not when the entry itself is not. Nobody may
// change the bytes afterwards.
func (e *Entry) KeepForm(key uint32, b []byte) bool {
	if e.File != nil {
		return false
	}
	s := e.root.store
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.next == nil { // it was evicted or replaced meanwhile, or never kept
		return false
	}
	forms := []formOf{{key, b}}
	more := int64(cap(b))
	if all := e.forms.Load(); all != nil {
		for _, f := range *all {
			if f.key != key && len(forms) < mostForms {
				forms = append(forms, f)
			} else {
				more -= int64(cap(f.bytes))
			}
		}
	}
	if e.cost+more > s.bytesLimit {
		return false
	}
	s.memory.remove(e) // so that it does not evict itself
	for s.bytes+more > s.bytesLimit && s.memory.count > 0 {
		s.evict(s.memory.victim(), nil) // those in memory have no file to close
	}
	s.memory.add(e)
	s.bytes += more
	e.cost += more
	e.forms.Store(&forms)
	return true
}
