package stack

import (
	"unsafe"

	"vitrine/stack/tcp"
	"vitrine/trace"
)

// The machine knows no addresses: who it belongs to is found by where it lies. This does not compile when a Conn no longer
// begins with its machine.
const _ = -unsafe.Offsetof(Conn{}.tcp)

// watch has the changes of all connections' states told.
func (h *Shard) watch() {
	tell := h.stack.cfg.Changed
	if tell == nil {
		return
	}
	h.host.Changed = func(machine *tcp.Conn, from, to tcp.State, why *trace.Reason) {
		c := (*Conn)(unsafe.Pointer(machine))
		tell(h.index, c.tuple.local(), c.tuple.remote(), from, to, why)
	}
}

// erased tells that a TIME_WAIT record is gone.
func (h *Shard) erased(t *tuple, why *trace.Reason) {
	h.stack.directory.release(t)
	if tell := h.stack.cfg.Changed; tell != nil {
		tell(h.index, t.local(), t.remote(), tcp.StateTimeWait, tcp.StateClosed, why)
	}
}
