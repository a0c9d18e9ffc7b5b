package server

import (
	"runtime"
	"testing"
	"time"
)

func TestTheSystemsLoadIsReadOnceASecond(t *testing.T) {
	asked := 0
	a := average{read: func() (string, error) {
		asked++
		return "1.50 0.20 0.10 1/99 4711\n", nil
	}}
	now := time.Unix(1e9, 0)
	want := int64(150 / runtime.NumCPU())
	for range 10 {
		if got := a.percent(now); got != want {
			t.Fatalf("%d, want %d", got, want)
		}
	}
	if a.percent(now.Add(time.Second)); asked != 2 {
		t.Errorf("asked %d times", asked)
	}
	a.read = func() (string, error) { return "nonsense", nil }
	if got := a.percent(now.Add(5 * time.Second)); got != want {
		t.Errorf("nonsense is %d", got)
	}
}
