package message

import (
	"net/http"
	"testing"
)

func TestStatusTextsAreThoseOfTheRegistry(t *testing.T) {
	// Where Go's net/http keeps an older phrase or a code that is not registered.
	differ := map[int]string{
		413: "Content Too Large", 414: "URI Too Long", 416: "Range Not Satisfiable", 418: "", 422: "Unprocessable Content",
	}
	for status := -1; status <= 1000; status++ {
		want := http.StatusText(status)
		if own, ok := differ[status]; ok {
			want = own
		}
		if got := StatusText(status); got != want {
			t.Errorf("%d is %q, and not %q", status, got, want)
		}
	}
}

func TestOnlySomeStatusesHaveBodies(t *testing.T) {
	for status, want := range map[int]bool{
		100: false, 101: false, 199: false, 200: true, 204: false, 205: true, 206: true, 304: false, 404: true, 599: true,
	} {
		if BodyAllowed(status) != want {
			t.Errorf("%d has a body: %v", status, !want)
		}
	}
}
