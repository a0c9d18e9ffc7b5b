package cgi

import (
	"context"
	"errors"
	"time"
)

// Watch is what holds while a script runs.
type Watch struct {
	// Context is asked once, when the script takes longer than a moment. When the context ends, the script is killed
	// with the context's cause. It may be nil.
	Context func() context.Context
	// Whole bounds the time for everything; then the script is killed with ErrWhole.
	Whole time.Duration
	Grace time.Duration // between SIGTERM and SIGKILL
	// Errors takes what the script writes to standard error, from one goroutine at a time and never after Finish. It
	// must not block, nor keep the bytes.
	Errors func(b []byte)
	// Background lets what the script started go on when it has ended.
	Background bool
}

// ErrWhole is why a script is killed that takes too long in all.
var ErrWhole = errors.New("its time is over")

// ErrStopping is why a script is killed when the server stops.
var ErrStopping = errors.New("the server stops")

// ErrNotYet says that nothing came in time.
var ErrNotYet = errors.New("nothing was written yet")
