package socket

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/stack"
)

// descriptorParker waits for an adapter's descriptor together with whatever is the kernel's, in one epoll descriptor.
type descriptorParker struct {
	*poller
	shard    *stack.Shard
	fd       int
	watching uint32 // what of fd is watched
	buffer   [64]Event
	found    []Event   // of buffer, not yet taken
	armed    int64     // when the present deadline ends a wait
	at       time.Time // the same
}

// adapterToken is the adapter's; owners' tokens never have all bits set.
const adapterToken = ^Token(0)

const (
	arrivals   = unix.EPOLLIN | unix.EPOLLET
	departures = unix.EPOLLOUT | unix.EPOLLET
)

func newDescriptorParker(shard *stack.Shard) (parker, error) {
	k, err := Kernel{}.NewPoller()
	if err != nil {
		return nil, err
	}
	d := &descriptorParker{poller: k.(*poller), shard: shard, fd: shard.Descriptor(), watching: arrivals}
	if err := d.poller.add(d.fd, d.watching, adapterToken); err != nil {
		k.Close()
		return nil, err
	}
	return d, nil
}

func (d *descriptorParker) park(now, until int64) error {
	if !d.pending.Load() && !d.shard.Notice().Park(now) {
		runtime.Gosched() // who polls busily has a processor to spare, but others may want this one
		d.look()
		return nil
	}
	// Room is watched for only while it is wanted: the kernel announces it for every frame that has left.
	want := uint32(arrivals)
	if d.shard.Blocked() {
		want |= departures
	}
	if err := d.watch(want); err != nil {
		return err
	}
	arrived, err := d.wait(now, until)
	if err != nil || !arrived {
		return err
	}
	handle, at := d.shard.Notice().Arrived(clock())
	if handle {
		return nil
	}
	// Moderation: what arrives until then is noticed in one go, and wakes nobody one by one.
	if err := d.watch(want &^ unix.EPOLLIN); err != nil {
		return err
	}
	for now = clock(); now < at && len(d.found) == 0 && !d.pending.Load(); now = clock() {
		if _, err := d.wait(now, at); err != nil {
			return err
		}
	}
	d.shard.Notice().Arrived(max(at, now))
	return nil
}

// watch changes what of the adapter's descriptor is waited for. Conditions that hold already are announced.
func (d *descriptorParker) watch(want uint32) error {
	if want == d.watching {
		return nil
	}
	d.watching = want
	return d.modify(d.fd, want, adapterToken)
}

// wait parks, and reports whether frames have arrived. Setting a deadline costs more than a look at an idle adapter, and
// that of a shard moves with each segment: one that is too early is left as it is.
func (d *descriptorParker) wait(now, until int64) (arrived bool, err error) {
	if d.armed <= now || until != 0 && until < d.armed {
		d.armed, d.at = until, time.Time{}
		if until != 0 {
			d.at = began.Add(time.Duration(until))
		}
	}
	return d.gather(d.poller.Wait(d.buffer[len(d.found):], d.at))
}

// gather keeps the kernel's events and takes out the adapter's.
func (d *descriptorParker) gather(n int, err error) (arrived bool, _ error) {
	from := len(d.found)
	d.found = d.buffer[:from]
	for _, e := range d.buffer[from : from+n] {
		if e.Token == adapterToken {
			arrived = arrived || e.Ready&^Writable != 0
			continue
		}
		d.found = append(d.found, e)
	}
	return arrived, err
}

func (d *descriptorParker) look() {
	room := d.buffer[len(d.found):]
	d.gather(d.poller.peek(room), nil)
}

func (d *descriptorParker) take(events []Event) int {
	n := copy(events, d.found)
	d.found = d.buffer[:copy(d.buffer[:], d.found[n:])]
	return n
}

func (d *descriptorParker) interrupt()                            { d.poller.Wake() }
func (d *descriptorParker) add(ep Endpoint, t Token) error        { return d.poller.Add(ep, t) }
func (d *descriptorParker) addListener(l Listener, t Token) error { return d.poller.AddListener(l, t) }
func (d *descriptorParker) remove(l Listener) error               { return d.poller.Remove(l) }
func (d *descriptorParker) dial(to Address) (Endpoint, error)     { return d.poller.Dial(to, false) }
func (d *descriptorParker) close() error                          { return d.poller.Close() }
