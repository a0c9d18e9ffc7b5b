package server

import (
	"bytes"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"strings"

	"vitrine/config"
	"vitrine/observe/errorlog"
	"vitrine/observe/logfile"
	"vitrine/observe/terminal"
	"vitrine/site/resource"
	"vitrine/trace"
)

// journal is what the server writes about its own life: the error log, and how each kind of event reads in it.
type journal struct{ errorlog.Logger }

// use writes to the configuration's error log from now on. A generation has opened it, so that this cannot fail.
func (j *journal) use(files *logfile.Files, c *config.Config) {
	if err := j.Use(files, &c.Errors); err != nil {
		j.Error("%v", err)
	}
	access := &c.Access
	j.Requests(access.Off.V || access.Format.V != "readable" || !onTerminal(access.File.V) || !onTerminal(c.Errors.File.V))
}

// onTerminal reports whether a person reads the log now.
func onTerminal(name string) bool {
	switch name {
	case "stdout":
		return terminal.Detect(os.Stdout, os.Getenv).Terminal
	case "stderr":
		return terminal.Detect(os.Stderr, os.Getenv).Terminal
	}
	return false
}

// event writes what happened, in the Reason's words, with what there is to add.
func (j *journal) event(why *trace.Reason, detail string) {
	text := string(terminal.AppendSentence(nil, why.Reach().Sentence)) + " (" + why.ID + ")"
	if detail != "" {
		text += ": " + detail
	}
	if why.Kind == trace.Failed || why.Kind == trace.Refused {
		j.Error(text)
	} else {
		j.Info(text)
	}
}

// rejected writes why a new configuration is not used: every error, as check would print it.
func (j *journal) rejected(diags *config.Diagnostics) {
	var report bytes.Buffer
	diags.Write(&report, 0, false)
	j.event(ReloadRefused, "\n"+strings.TrimSpace(report.String())+"\n")
}

// warning writes a comment on the configuration.
func (j *journal) warning(d config.Diagnostic) {
	j.Warn(strings.Replace(d.String(), config.Warning.String()+": ", "", 1))
}

// failed writes an error of the engine or of a handler.
func (j *journal) failed(err error) {
	j.Decision(errorlog.Error, EngineError.Reach(), trace.Position{}, "%v", err)
}

// unservable writes why something that may well be there could not be served, and by which name on the way. When there
// are too many such lines, nothing is looked up for the others.
func (j *journal) unservable(id trace.ID, why error) {
	var f *resource.Failure
	if errors.As(why, &f) {
		text := f.Error()
		if advice := f.Advice(); advice != "" {
			text += " (" + advice + ")"
		}
		j.Decision(errorlog.Error, f.Reason, trace.Position{}, "journey %v: %s", id, text)
	} else {
		j.Error("journey %v: %v", id, why)
	}
}

// users writes what became of a file with users.
func (j *journal) users(why *trace.Reason, at trace.Position, what string) {
	level := errorlog.Warn
	if why.Kind == trace.Info {
		level = errorlog.Info
	}
	j.Decision(level, why, at, "%s", what)
}

// refused writes that a connection was not taken.
func (j *journal) refused(remote netip.AddrPort, why *trace.Reason, pos trace.Position) {
	j.Decision(errorlog.Warn, why, pos, "connection from %s", remote)
}

// adapter writes what became of the network's interface. It may be called from any goroutine.
func (j *journal) adapter(n *config.Network, why *trace.Reason) {
	level := errorlog.Error
	if why.Kind == trace.Info {
		level = errorlog.Info
	}
	j.Decision(level, why, n.Adapter.Pos, "network %s", n.Adapter.V)
}

// cause is an error of the file system without the operation and the path, which the message says already.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
