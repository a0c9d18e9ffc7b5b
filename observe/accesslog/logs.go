package accesslog

import (
	"errors"
	"fmt"

	"vitrine/config"
	"vitrine/observe/logfile"
	"vitrine/trace"
)

// Logs are the access logs of one configuration. Sites that name the same file share it; the log block that comes
// first says how it is buffered and rotated, and each has its own format.
type Logs struct {
	loggers map[*config.Log]*Logger
	files   []*logfile.File
}

// OpenError is a log file that cannot be opened.
type OpenError struct {
	Pos  trace.Position // of the setting that names it
	File string
	Err  error
}

func (e *OpenError) Error() string {
	if e.Pos.IsZero() || e.Pos.Origin == trace.Default {
		return fmt.Sprintf("the log %s cannot be opened: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s: the log %s cannot be opened: %v", e.Pos, e.File, e.Err)
}

func (e *OpenError) Unwrap() error { return e.Err }

// Open opens every log of the configuration: its own, those of its sites and those of their routes. Files that an
// earlier configuration has open are shared with it, so that a reload loses nothing. The error joins an OpenError
// for each file, and then none is open.
func Open(files *logfile.Files, c *config.Config) (*Logs, error) {
	l := &Logs{loggers: make(map[*config.Log]*Logger)}
	byName := make(map[string]*logfile.File)
	var errs []error
	for _, block := range blocks(c) {
		if block.Off.V {
			continue
		}
		name := block.File.V
		file, seen := byName[name]
		if !seen {
			var err error
			if file, err = files.Open(name, options(block)); err != nil {
				errs = append(errs, &OpenError{block.File.Pos, name, err})
			} else {
				l.files = append(l.files, file)
			}
			byName[name] = file
		}
		if file != nil {
			l.loggers[block] = newLogger(file, block)
		}
	}
	if len(errs) > 0 {
		l.Close()
		return nil, errors.Join(errs...)
	}
	return l, nil
}

// blocks are all log blocks, the outer ones first.
func blocks(c *config.Config) []*config.Log {
	all := []*config.Log{&c.Access, &c.Base.Access}
	for _, site := range c.Sites {
		all = append(all, &site.Settings.Access)
		for _, route := range site.Routes {
			all = append(all, &route.Settings.Access)
		}
	}
	return all
}

func options(block *config.Log) logfile.Options {
	r := &block.Rotate
	return logfile.Options{
		Buffer: int(block.Buffer.V),
		Flush:  block.Flush.V,
		Rotate: logfile.Rotate{Size: r.Size.V, Age: r.Age.V, Keep: r.Keep.V},
	}
}

// Logger is the Logger of a log block of the configuration, nil when it is off.
func (l *Logs) Logger(block *config.Log) *Logger { return l.loggers[block] }

// Close says that the configuration is not used any more. Its Loggers still work, for requests that outlive it.
func (l *Logs) Close() {
	for _, f := range l.files {
		f.Release()
	}
	l.files = nil
}
