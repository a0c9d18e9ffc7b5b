//go:build !linux

package traps

import "testing"

// againstLinux is for Linux.
func againstLinux(t *testing.T, _ func(t *testing.T, w *world)) {
	t.Skip("there is no Linux here to compare with")
}
