package names

// Load is what is being found out at the moment, and what is known.
type Load struct {
	Asked   int // questions that are on their way
	Waiting int // questions that wait until one may be asked
	Known   int // answers that are kept
}

// Load tells it.
func (r *Resolver) Load() Load { return r.ask.load() }

// Load tells it.
func (i *Ident) Load() Load { return i.ask.load() }

func (a *asker[K, V]) load() Load {
	a.mu.Lock()
	l := Load{Asked: a.running, Waiting: len(a.queue)}
	a.mu.Unlock()
	a.known.mu.Lock()
	l.Known = len(a.known.all)
	a.known.mu.Unlock()
	return l
}
