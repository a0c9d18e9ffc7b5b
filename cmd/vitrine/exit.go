package main

import (
	"errors"
	"fmt"
)

// The exit statuses; the command's documentation says what they mean.
const (
	exitDone  = 0
	exitNo    = 1
	exitUsage = 2
	exitCut   = 3
)

// exit is an error that only sets the exit status: everything there is to say has been said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// usageError is a mistake on the command line.
type usageError struct {
	message string
	hint    string // what to type instead; may be empty
}

func (e *usageError) Error() string { return e.message }

// status is the exit status that an error ends the program with.
func status(err error) int {
	var e exit
	var usage *usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &e):
		return int(e)
	case errors.As(err, &usage):
		return exitUsage
	}
	return exitNo
}
