package recovery

import "testing"

// The algorithm can be changed under way; the window stays as it is.
func TestChooseKeepsTheWindow(t *testing.T) {
	cfg := Default()
	var s Sender
	var pool Pool
	s.Init(&cfg, &pool, 1, 1000, 1448, true, true)
	before := s.Info()
	s.Choose(true)
	after := s.Info()
	if before.Algorithm != Cubic || after.Algorithm != Reno || before.Window != after.Window {
		t.Errorf("%s with %d bytes became %s with %d", before.Algorithm, before.Window, after.Algorithm, after.Window)
	}
}
