package recovery

// Sizes of the record arrays that are lent, each four times the one before; a flight begins in the board's own array.
const (
	smallest = 32
	classes  = 5
)

// How much is kept for later; what is beyond it is left to the garbage collector, so that one busy hour does not hold
// its memory for ever.
const (
	keepBoards = 1024
	keepBytes  = 1 << 20 // in each class
)

// Pool lends the memory of what is in flight: one board for each connection that waits for an acknowledgement, and
// arrays of records for long flights. One belongs to each shard; it is not safe for concurrent use. The zero value is
// ready.
type Pool struct {
	boards  []*board
	records [classes][][]record
	lent    int
}

// Lent is how many boards are in use: the connections that have something in flight.
func (p *Pool) Lent() int { return p.lent }

func (p *Pool) board() *board {
	p.lent++
	if n := len(p.boards); n > 0 {
		b := p.boards[n-1]
		p.boards = p.boards[:n-1]
		return b
	}
	return new(board)
}

func (p *Pool) release(b *board) {
	p.lent--
	p.put(b.score.buf)
	if len(p.boards) < keepBoards {
		*b = board{}
		p.boards = append(p.boards, b)
	}
}

// array lends one with room for at least n records.
func (p *Pool) array(n int) []record {
	size := smallest
	for class := range classes {
		if size >= n {
			if free := p.records[class]; len(free) > 0 {
				r := free[len(free)-1]
				p.records[class] = free[:len(free)-1]
				return r
			}
			return make([]record, size)
		}
		size *= 4
	}
	return make([]record, n)
}

func (p *Pool) put(r []record) {
	size := smallest
	for class := range classes {
		if size == len(r) {
			if (len(p.records[class])+1)*size*recordSize <= keepBytes {
				p.records[class] = append(p.records[class], r)
			}
			return
		}
		size *= 4
	}
}
