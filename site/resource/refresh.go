package resource

import "time"

// lookAfter compares entries in use with the disk before they expire, so that a hot file never makes a request wait.
// It sleeps while nothing is kept that could be answered from.
func (s *Store) lookAfter() {
	defer close(s.done)
	for {
		select {
		case <-s.stop:
			return
		case <-s.wake:
		}
		for alive := true; alive; {
			if !s.pause() {
				return
			}
			alive = s.refresh()
		}
	}
}

// rouse tells the goroutine that something is there to be looked after.
func (s *Store) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// pause waits a quarter of the fresh time, as that is configured by now. It returns false when the store is closed.
func (s *Store) pause() bool {
	began := time.Now()
	for {
		quarter := max(time.Duration(s.fresh.Load())/4, 10*time.Millisecond)
		timer := time.NewTimer(time.Until(began.Add(quarter)))
		select {
		case <-s.stop:
			timer.Stop()
			return false
		case <-timer.C:
			return true
		case <-s.wake: // perhaps a shorter fresh time
			timer.Stop()
		}
	}
}

// batch is how many entries are compared under one reading of the clock and one look at where the root's name leads.
const batch = 64

// refresh compares the entries that were used since it last came by and have half of their time behind them. It
// reports whether any entry can still be answered from.
func (s *Store) refresh() (alive bool) {
	now, fresh := s.now(), s.fresh.Load()
	var due []*Entry
	s.mu.Lock()
	pick := func(e *Entry) {
		if !e.Fresh(now) {
			return
		}
		alive = true
		if now-e.checked.Load() >= fresh/2 && e.used.And(^uint32(usedForRefresh))&usedForRefresh != 0 {
			due = append(due, e)
		}
	}
	s.memory.each(pick)
	s.descriptors.each(pick)
	s.mu.Unlock()

	followed := make(map[*Root]bool)
	for i, e := range due {
		if i%batch == 0 {
			now = s.now()
			clear(followed)
		}
		here, known := followed[e.root]
		if !known {
			moved, err := e.root.door.follow()
			if moved {
				reasonRootMoved.Reach()
			}
			here = err == nil
			followed[e.root] = here
		}
		if !here {
			s.drop(e.root, e.Path)
			continue
		}
		s.refreshed.Add(1)
		e.compare(now)
	}
	return alive
}

// compare looks whether the path still leads to the entry, and loads what it leads to otherwise.
func (e *Entry) compare(now int64) {
	i, err := e.root.door.stat(nameOf(e.Path))
	if err == nil && i.identity == e.identity {
		e.checked.Store(now)
		e.root.store.unchanged.Add(1)
		return
	}
	e.checked.Store(now - e.root.store.fresh.Load()) // it is known to be old: nobody may be answered from it
	if o := e.root.lookup(e.Path, now); o.entry != nil {
		o.entry.use()
		o.entry.Release()
	}
}
