//go:build !unix

package logfile

import "os"

// standard is standard output or error.
func standard(name string) (*os.File, error) {
	if name == stderr {
		return os.Stderr, nil
	}
	return os.Stdout, nil
}
