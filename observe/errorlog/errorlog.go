package errorlog

import (
	"fmt"
	"os"
	"sync"
	"time"

	"vitrine/config"
	"vitrine/observe/logfile"
	"vitrine/observe/terminal"
	"vitrine/trace"
	"vitrine/web/variables"
)

// Level is how bad something is.
type Level uint8

const (
	Error Level = iota // something went wrong on our side, or beyond it
	Warn               // a request was refused, or something should be looked at
	Info               // something happened
)

var levelNames = [...]string{"error", "warn", "info"}

func (l Level) String() string { return levelNames[l] }

// Logger is the error log. The zero Logger is ready to use and writes to standard error until Use gives it a file.
// It lives as long as the process and is safe for concurrent use. It never blocks on a file.
type Logger struct {
	mu      sync.Mutex
	file    *logfile.File // nil: standard error itself
	level   Level
	silent  bool // about requests
	scratch []byte
	repeats repeats
}

// Open opens the file of a configuration's error log, so that Use cannot fail until it is released.
func Open(files *logfile.Files, c *config.ErrorLog) (*logfile.File, error) {
	r := &c.Rotate
	return files.Open(c.File.V, logfile.Options{
		Rotate: logfile.Rotate{Size: r.Size.V, Age: r.Age.V, Keep: r.Keep.V},
	})
}

// Use makes a configuration's error log the one to write to. When its file cannot be opened nothing changes.
func (l *Logger) Use(files *logfile.Files, c *config.ErrorLog) error {
	file, err := Open(files, c)
	if err != nil {
		return err
	}
	l.mu.Lock()
	old := l.file
	l.file, l.level = file, Info
	for level, name := range levelNames {
		if name == c.Level.V {
			l.level = Level(level)
		}
	}
	l.mu.Unlock()
	if old != nil {
		old.Release()
	}
	return nil
}

// Requests says whether failed requests are written. They are, unless somebody turns them off because the access
// log shows them on the same terminal.
func (l *Logger) Requests(on bool) {
	l.mu.Lock()
	l.silent = !on
	l.mu.Unlock()
}

// Close writes what was only counted. The Logger can still be used.
func (l *Logger) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(true)
}

// Error writes a message of the server's own. The text may have several lines.
func (l *Logger) Error(format string, args ...any) { l.message(Error, format, args) }

// Warn writes a message of the server's own. The text may have several lines.
func (l *Logger) Warn(format string, args ...any) { l.message(Warn, format, args) }

// Info writes a message of the server's own. The text may have several lines.
func (l *Logger) Info(format string, args ...any) { l.message(Info, format, args) }

func (l *Logger) message(level Level, format string, args []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.beneath(level) {
		return
	}
	text := format
	if len(args) > 0 {
		text = fmt.Sprintf(format, args...)
	}
	if l.repeated(key{text: text}, level) {
		return
	}
	style := l.style()
	dst := appendStart(l.scratch[:0], time.Now(), level, style)
	l.write(appendText(dst, text, style))
}

// Decision writes a message about something other than a request that a Reason explains, such as a client that was
// turned away: the text, the Reason's sentence and the line that is responsible, or the zero Position. However the
// texts differ, those with the same Reason and line are the same when repeats are counted.
//
// The text is only made for a line that is written, and without holding others up: its arguments may look at the disk.
func (l *Logger) Decision(level Level, r *trace.Reason, p trace.Position, format string, args ...any) {
	k := key{reason: r}
	if hasPlace(&p) {
		k.text = p.String()
	}
	l.mu.Lock()
	untold := l.beneath(level) || l.repeated(k, level)
	l.mu.Unlock()
	if untold {
		return
	}
	text := fmt.Sprintf(format, args...)
	l.mu.Lock()
	defer l.mu.Unlock()
	style := l.style()
	dst := appendStart(l.scratch[:0], time.Now(), level, style)
	dst = appendText(dst, text, style)
	dst = terminal.AppendSentence(append(dst, ": "...), r.Sentence)
	dst = append(append(dst, " ("...), r.ID...)
	if k.text != "" {
		dst = appendPlace(append(dst, ", "...), &p)
	}
	l.write(append(dst, ')'))
}

// Notice writes what is to be known about a log file; it is meant for logfile.New. When it is the error log itself
// that cannot be written, standard error gets the message too.
func (l *Logger) Notice(n logfile.Notice) {
	text := n.File + ": " + string(terminal.AppendSentence(nil, n.Reason.Sentence))
	if n.Err != nil {
		text += ": " + n.Err.Error()
	}
	switch n.Lines {
	case 0:
	case 1:
		text += " (1 line)"
	default:
		text += fmt.Sprintf(" (%d lines)", n.Lines)
	}
	text += " (" + n.Reason.ID + ")"
	level := Info
	if n.Reason.Kind == trace.Failed {
		level = Error
	}
	l.mu.Lock()
	own := l.file != nil && l.file.Name() == n.File && n.File != "stderr"
	l.mu.Unlock()
	if own && level == Error {
		os.Stderr.Write(append(appendText(appendStart(nil, time.Now(), level, terminal.Style{}), text, terminal.Style{}), '\n'))
	}
	l.message(level, "%s", []any{text})
}

// Request writes the line of an exchange that has ended, if there is something to say about it: it failed, or it was
// refused, or a decision on the way was a failure. It is meant to be called on event loops, for every exchange.
func (l *Logger) Request(v *variables.Values) {
	level, tell := judge(v.Exchange)
	if !tell {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.beneath(level) || l.silent {
		return
	}
	reason, position := variables.Decision(v.Exchange)
	if l.repeated(key{reason: reason, position: position, status: v.Exchange.Outcome.Status}, level) {
		return
	}
	style := l.style()
	dst := appendStart(l.scratch[:0], time.Unix(0, v.Exchange.Start), level, style)
	l.write(appendRequest(dst, v, style))
}

// beneath reports whether the level is not written. It is called with mu held.
func (l *Logger) beneath(level Level) bool { return l.file != nil && level > l.level }

// style is what the file can show. It is called with mu held.
func (l *Logger) style() terminal.Style {
	if l.file == nil {
		return terminal.Detect(os.Stderr, os.Getenv)
	}
	return l.file.Style()
}

// write ends the line and hands it to the file. It is called with mu held.
func (l *Logger) write(line []byte) {
	line = append(line, '\n')
	if l.file == nil {
		os.Stderr.Write(line)
	} else {
		l.file.Append(line)
	}
	if cap(line) <= 64<<10 {
		l.scratch = line
	}
}
