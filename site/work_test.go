package site

import (
	"testing"

	"vitrine/site/cgi"
)

func TestWhatKeepsAHandlerBusyIsCounted(t *testing.T) {
	h := new(Handler)
	h.slots = []*cgi.Slots{cgi.NewSlots(1, 2)}
	h.gates = []*gate{{most: 1}, {most: 2}}
	h.encoders.limit = 1
	h.encoders.take()
	h.encoders.take() // there is no other
	h.slots[0].Try()
	ticket := h.slots[0].Wait(0, func(cgi.Verdict) {})
	defer ticket.Leave()
	h.gates[0].try()
	h.gates[1].try()
	h.gates[0].try()
	if w := h.Work(); w.Encoders != 1 || w.Applications != 2 || w.ApplicationsWaiting != 0 || w.ScriptsWaiting > 1 {
		t.Errorf("%+v", w)
	}
}
