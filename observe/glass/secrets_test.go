package glass

import (
	"net/http"
	"strings"
	"testing"

	"vitrine/observe/journey"
)

// What the configuration hides is hidden in the decisions, too.
func TestAFieldThatIsHiddenIsToldInNoDecision(t *testing.T) {
	w := newWorld(t, nil)
	w.recorder.Configure(journey.Settings{Hide: []string{"Last-Modified"}})
	resp, err := http.Get(w.site + "/a.txt")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	value := resp.Header.Get("Last-Modified")
	id := w.journeys("path=/a.txt", 1)[0].ID
	for _, path := range []string{"", "?as=text", "/har", "/json", "/pcapng"} {
		if body := string(w.ask("/api/journeys/"+id+path, 200, nil)); strings.Contains(body, value) {
			t.Errorf("%q tells %q:\n%s", path, value, body)
		}
	}
}
