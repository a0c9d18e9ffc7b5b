package stack

import "vitrine/stack/link"

// Ready is a set of readiness conditions of a connection.
type Ready uint8

const (
	Readable Ready = 1 << iota // bytes or the peer's end of stream can be read
	Writable                   // bytes can be written; of a connection made by Connect: it is established
	HalfShut                   // the peer has ended its direction (FIN)
	Hangup                     // the connection is gone in both directions or in error
)

// Owner is told what happens to its connections. Ready is called on the connection's shard, once a batch; it must not
// block, and it must not call the connection's methods: it notes what is to be done after Poll.
type Owner interface{ Ready(c *Conn, r Ready) }

// Shard is one queue of the adapter with everything that arrives on it. Its methods belong to one goroutine at a time,
// the owner, but for Post, which any goroutine may call.
type Shard struct {
	remotes remotes // endpoints used away from the shard (remote_shard.go): Flush begins with remotes.serve()
}

// Index is the shard's place in its stack, from 0.
func (h *Shard) Index() int { return 0 }

// Stack is the stack that the shard belongs to.
func (h *Shard) Stack() *Stack { return nil }

// Poll takes in one bounded batch: frames, posted functions, timers. more says that there is more to do at once.
// now is nanoseconds of a monotonic clock with an arbitrary origin, greater than 0.
func (h *Shard) Poll(now int64) (more bool, err error) { return false, nil }

// Flush builds and sends everything that is to be sent. What the adapter does not take now is sent when there is room.
func (h *Shard) Flush(now int64) error { return nil }

// Deadline is when Poll is due although nothing arrives; 0: never.
func (h *Shard) Deadline() int64 { return 0 }

// Descriptor is readable when frames are there; -1: there is none, then Wait is the only way to wait.
func (h *Shard) Descriptor() int { return -1 }

// Wait parks the goroutine until there is something to do for Poll or Flush, or until the time given (0: for ever).
func (h *Shard) Wait(until int64) error { return nil }

// Now is the time of the last Poll or Flush.
func (h *Shard) Now() int64 { return 0 }

// Post has f run in the owner's next Poll, and wakes the owner. It may be called from any goroutine.
func (h *Shard) Post(f func()) {}

// SetWake sets how Post wakes an owner that does not sleep in Wait. f may be called from any goroutine.
func (h *Shard) SetWake(f func()) {}

// Stack is one host on one adapter.
type Stack struct {
	running running // the goroutines that Start made (net_start.go)
}

// New makes a stack on an adapter. Nothing runs until the owners of its shards call Poll.
func New(cfg Config, a link.Adapter) (*Stack, error) { return nil, nil }

// Shards is how many shards the stack has: one for each queue of its adapter.
func (s *Stack) Shards() int { return 0 }

// Shard is the i-th shard.
func (s *Stack) Shard(i int) *Shard { return nil }

// Info describes the stack. It may be called from any goroutine.
func (s *Stack) Info() Info { return Info{} }

// Close closes the adapter. The owners have stopped calling Poll before.
func (s *Stack) Close() error { return nil }
