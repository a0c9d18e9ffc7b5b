package exchange

// Yielder is a Carrier whose handlers share a bounded number of places. A handler that waits gives its place to others, so that
// slow clients and slow programs keep nobody waiting.
type Yielder interface {
	// GiveWay gives the place of the handler away. It returns false when too many have done so; then the handler keeps it.
	// counted says that somebody else bounds how many wait for what this one waits for: then none is too many.
	GiveWay(counted bool) bool
	// TakeBack takes it back, with the same counted. It does not wait.
	TakeBack(counted bool)
}

// place is where the place of the handler's function in the pool is.
type place uint8

const (
	ours    place = iota
	given         // to others, while the handler waits for its client
	counted       // likewise, while it waits for something whose number somebody else bounds
)

// giveWay notes a goroutine of the exchange that waits, and gives the handler's place away unless that was done before: it has
// one only, however many goroutines wait. One that has outlived the handler's function has none to give. The lock is held.
func (x *Exchange) giveWay(elsewhere bool) {
	x.waiters++
	y, ok := x.carrier.(Yielder)
	if !ok || x.place != ours || x.running == 0 || !y.GiveWay(elsewhere) {
		return
	}
	if x.place = given; elsewhere {
		x.place = counted
	}
}

// takeBack undoes giveWay. The lock is held.
func (x *Exchange) takeBack() {
	if x.waiters--; x.waiters == 0 {
		x.reclaim()
	}
}

// reclaim takes the place back if it was given away. The lock is held.
func (x *Exchange) reclaim() {
	if x.place != ours {
		x.carrier.(Yielder).TakeBack(x.place == counted)
		x.place = ours
	}
}

// wait waits until something changes. The lock is held.
func (x *Exchange) wait() {
	x.giveWay(false)
	x.cond.Wait()
	x.takeBack()
}

// Aside runs f, which waits for something whose number somebody else bounds, such as the output of one of so many programs. The
// handler's place in the pool is others' meanwhile. It is used off the loop, and does not wait for the place when f returns.
func (x *Exchange) Aside(f func()) {
	x.mu.Lock()
	x.giveWay(true)
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		x.takeBack()
		x.mu.Unlock()
	}()
	f()
}

// GiveWay and TakeBack are the carrier's, for those who carry an exchange within this one: their handlers have its place.
func (x *Exchange) GiveWay(counted bool) bool {
	y, ok := x.carrier.(Yielder)
	return ok && y.GiveWay(counted)
}

// TakeBack undoes GiveWay.
func (x *Exchange) TakeBack(counted bool) { x.carrier.(Yielder).TakeBack(counted) }
