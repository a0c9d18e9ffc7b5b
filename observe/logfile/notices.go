package logfile

import (
	"time"

	"vitrine/trace"
)

// seldom is how often the same trouble with the same file is told at most.
const seldom = time.Minute

// notices tells about trouble, at once the first time and then seldom, with the lines lost in between.
type notices struct {
	name   string
	notify func(Notice)
	wake   func() // makes the writer take a turn
	open   []*pending
}

// pending is one kind of trouble.
type pending struct {
	reason *trace.Reason
	told   time.Time
	lines  uint64 // lost since then
	err    error
	timer  bool // the writer is woken to tell about the lines
}

// trouble notes it with the lines it cost, which are counted already.
func (n *notices) trouble(r *trace.Reason, lines uint64, err error) {
	var p *pending
	for _, known := range n.open {
		if known.reason == r {
			p = known
		}
	}
	if p == nil {
		p = &pending{reason: r}
		n.open = append(n.open, p)
	}
	p.lines += lines
	p.err = err
	if lines == 0 {
		r.Reach()
		if p.told.IsZero() || time.Since(p.told) >= seldom {
			n.say(p)
		}
	}
}

// tell says what is due to be said about lines, and at last everything.
func (n *notices) tell(last bool) {
	for _, p := range n.open {
		if p.lines == 0 {
			continue
		}
		wait := seldom - time.Since(p.told)
		switch {
		case last || p.told.IsZero() || wait <= 0:
			n.say(p)
		case !p.timer:
			p.timer = true
			time.AfterFunc(wait, n.wake)
		}
	}
}

func (n *notices) say(p *pending) {
	n.notify(Notice{Reason: p.reason, File: n.name, Lines: p.lines, Err: p.err})
	p.told, p.lines, p.timer = time.Now(), 0, false
}
