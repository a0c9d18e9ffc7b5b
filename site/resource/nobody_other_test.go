//go:build !linux

package resource

import (
	"os"
	"testing"
)

// asNobody runs f, which the modes of files keep out; the superuser they do not.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() == 0 {
		t.Skip("only Linux lets a thread open files as another user")
	}
	f()
}
