package tcp

import (
	"testing"
	"unsafe"
)

func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(Conn{}); n >= 640 {
		t.Errorf("a connection takes %d bytes", n)
	} else {
		t.Logf("a connection takes %d bytes", n)
	}
	if n := unsafe.Sizeof(TimeWait{}); n >= 64 {
		t.Errorf("a TIME_WAIT record takes %d bytes", n)
	}
}
