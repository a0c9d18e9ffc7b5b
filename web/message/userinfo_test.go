package message

import "testing"

func TestUserInformationIsHidden(t *testing.T) {
	for text, want := range map[string]string{
		"http://user:pass@example.org/a@b": "http://*********@example.org/a@b",
		"http://u@h":                       "http://*@h",
		"http://u@v@h?x@y":                 "http://***@h?x@y",
		"user:pass@example.org:443":        "*********@example.org:443",
		"http:/user:pass@example.org/":     "http:/*********@example.org/",
		"http:///user:pass@example.org/":   "http:///*********@example.org/",
		"user:pass@example.org://x":        "*********@example.org://x",
		"user:/pass@example.org":           "user:/****@example.org",
		"1:pass@http://x":                  "******@http://x",
		"http://example.org/a@b":           "http://example.org/a@b",
		"/a@b":                             "/a@b",
		"*":                                "*",
		"":                                 "",
	} {
		b := []byte(text)
		if HideUser(b, []byte(text)); string(b) != want {
			t.Errorf("%q becomes %q, want %q", text, b, want)
		}
	}
	b := []byte("http://use") // the rest was not kept
	if HideUser(b, []byte("http://user:pass@example.org/")); string(b) != "http://***" {
		t.Errorf("%q is left of a target that was cut", b)
	}
}
