package glass

import (
	"strings"
	"testing"
	"time"

	"vitrine/observe/journey"
	"vitrine/trace"
)

func TestTheUpstreamLayerTellsWhatItTook(t *testing.T) {
	asked := &trace.Reason{ID: "test.asked", Sentence: "it was asked"}
	j := &journey.Journey{Took: 9 * time.Millisecond, First: 5 * time.Millisecond, Decisions: &trace.Decisions{Events: []trace.Event{
		{Step: "deliver", Reason: asked, At: 5 * time.Millisecond},
		{Step: "upstream", Reason: asked, At: 8 * time.Millisecond, Details: []trace.Detail{trace.D("address", "unix:/run/a"), trace.D("connection", "reused")}},
	}}}
	if first := answered(j); first != 5*time.Millisecond {
		t.Errorf("it is answered after %s", first)
	}
	l := layers{j: j}
	l.upstream()
	if got := l.all[0]; !got.Used || !strings.Contains(got.Text, "address unix:/run/a, connection reused") || got.Reason.ID != "test.asked" {
		t.Errorf("%+v", got)
	}
	l = layers{j: &journey.Journey{}}
	if l.upstream(); l.all[0].Used {
		t.Errorf("%+v", l.all[0])
	}
}
