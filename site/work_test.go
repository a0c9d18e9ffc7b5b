package site

import "testing"

func TestWhatKeepsAHandlerBusyIsCounted(t *testing.T) {
	h := new(Handler)
	h.ofScripts = []*gate{{most: 1, line: make([]*waiter, 2)}}
	h.ofApplications = []*gate{{most: 1}, {most: 2}}
	h.encoders.limit = 1
	h.encoders.take()
	h.encoders.take() // there is no other
	h.ofScripts[0].try()
	h.ofApplications[0].try()
	h.ofApplications[1].try()
	h.ofApplications[0].try()
	if w := h.Work(); w != (Work{Encoders: 1, Applications: 2, ScriptsWaiting: 2}) {
		t.Errorf("%+v", w)
	}
}
