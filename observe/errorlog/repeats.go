package errorlog

import (
	"fmt"
	"time"

	"vitrine/observe/terminal"
	"vitrine/trace"
)

const (
	// window is how long the same is counted together, from its first line.
	window = 10 * time.Second
	// each is how many lines of the same a window may have.
	each = 10
	// many is how many different lines are remembered before those of the past are forgotten.
	many = 256
)

// key is what makes two lines the same: one decision by one line of the configuration with one status, or one
// message of the server.
type key struct {
	reason   *trace.Reason
	position *trace.Position
	status   int
	text     string // a message, or a position that is no pointer
}

// repeats counts lines that are the same.
type repeats struct {
	seen  map[key]*streak
	timer bool // a sweep is due
}

// streak is the lines of one window.
type streak struct {
	level Level
	since time.Time
	lines int
	more  int // not written
}

// repeated reports whether a line is one too many, and counts it then. It is called with mu held.
func (l *Logger) repeated(k key, level Level) bool {
	now := time.Now()
	if len(l.repeats.seen) >= many {
		l.sweep(false)
	}
	s := l.repeats.seen[k]
	if s == nil || now.Sub(s.since) >= window {
		if s != nil {
			l.summarise(k, s)
		} else if l.repeats.seen == nil {
			l.repeats.seen = make(map[key]*streak)
		}
		l.repeats.seen[k] = &streak{level: level, since: now, lines: 1}
		return false
	}
	if s.lines < each {
		s.lines++
		return false
	}
	s.more++
	reasonRepeated.Reach()
	if !l.repeats.timer {
		l.sweepAfter(window - now.Sub(s.since))
	}
	return true
}

// sweep writes how many there were of everything whose window has ended, or of everything. It is called with mu held.
func (l *Logger) sweep(all bool) {
	now := time.Now()
	next := time.Duration(0)
	for k, s := range l.repeats.seen {
		left := window - now.Sub(s.since)
		if all || left <= 0 {
			l.summarise(k, s)
			delete(l.repeats.seen, k)
		} else if s.more > 0 && (next == 0 || left < next) {
			next = left
		}
	}
	if l.repeats.timer = false; next > 0 {
		l.sweepAfter(next)
	}
}

func (l *Logger) sweepAfter(d time.Duration) {
	l.repeats.timer = true
	time.AfterFunc(d, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.sweep(false)
	})
}

// summarise writes how many lines were left out, if any. It is called with mu held.
func (l *Logger) summarise(k key, s *streak) {
	if s.more == 0 {
		return
	}
	style := l.style()
	now := time.Now()
	what := k.text
	if k.reason != nil {
		what = k.reason.ID
		if k.status != 0 {
			what = fmt.Sprintf("%03d %s", k.status, what)
		}
		if hasPlace(k.position) {
			what += " (" + k.position.String() + ")"
		} else if k.text != "" {
			what += " (" + k.text + ")"
		}
	}
	dst := appendStart(l.scratch[:0], now, s.level, style)
	seconds := max(1, int(now.Sub(s.since).Round(time.Second)/time.Second))
	dots := "..."
	if style.Terminal {
		dots = style.Glyph(terminal.Ellipsis)
	}
	text := fmt.Sprintf("%s %d more of the same in %d s: %s", dots, s.more, seconds, what)
	l.write(appendText(dst, text, style))
	s.more = 0
}
