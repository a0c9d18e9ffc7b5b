//go:build unix

package access

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A pipe that stands in the place of a file would keep whoever opens it until somebody writes: and with them everybody who asks
// for what the file guards.
func TestAPipeInPlaceOfAFileKeepsNobody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users")
	os.WriteFile(path, []byte("anna:"+kinds["SHA-1"]+"\n"), 0o600)
	w := NewState().PasswordFile(path, false)
	if _, err := w.Look(1); err != nil {
		t.Fatal(err)
	}
	os.Remove(path)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	looked := make(chan error, 1)
	go func() {
		_, err := w.Look(3e9)
		looked <- err
	}()
	select {
	case err := <-looked:
		if !errors.Is(err, errNoFile) {
			t.Errorf("it says %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it waits for a writer")
	}
	if p, _ := w.Get(); !p.Verify("anna", "secret", 0) {
		t.Error("what the file said does not hold")
	}
	opened := make(chan *os.File, 1)
	go func() { // it was put there between the two
		f, _ := openSoon(path)
		opened <- f
	}()
	select {
	case f := <-opened:
		f.Close()
	case <-time.After(20 * time.Second):
		t.Error("opening it waits for a writer")
	}
}
