//go:build !linux

package cgi

import (
	"errors"
	"time"
)

// Available is why scripts cannot be run here.
func Available() error { return errors.New("scripts are run on Linux only") }

// Scripts are the scripts that run.
type Scripts struct{}

// NewScripts makes an empty set.
func NewScripts() *Scripts { return &Scripts{} }

// Close has nothing to end.
func (*Scripts) Close() {}

// Running is none.
func (*Scripts) Running() []int { return nil }

// Process is a script that runs.
type Process struct{ PID int }

// Start fails.
func (*Scripts) Start(*Command, *Watch) (*Process, error) { return nil, Available() }

func (*Process) Read([]byte) (int, error)                { return 0, Available() }
func (*Process) Soon([]byte, time.Duration) (int, error) { return 0, Available() }
func (*Process) Until(time.Time, error)                  {}
func (*Process) Kill(error)                              {}
func (*Process) Why() error                              { return Available() }
func (*Process) Finish() Exit                            { return Exit{} }
