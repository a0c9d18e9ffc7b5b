package export

import "testing"

func TestAHeadIsAsLongAsItWas(t *testing.T) {
	const head = "GET /a: b HTTP/1.1\r\nHost: localhost\r\nX: a: b\r\nY: c\r\n\r\n"
	for _, c := range []struct {
		name   string
		length int64
		want   string
	}{
		{"as it is", int64(len(head)), head},
		{"a client that leaves one space out", int64(len(head)) - 1, "GET /a: b HTTP/1.1\r\nHost:localhost\r\nX: a: b\r\nY: c\r\n\r\n"},
		{"and two", int64(len(head)) - 2, "GET /a: b HTTP/1.1\r\nHost:localhost\r\nX:a: b\r\nY: c\r\n\r\n"},
		{"and all", int64(len(head)) - 3, "GET /a: b HTTP/1.1\r\nHost:localhost\r\nX:a: b\r\nY:c\r\n\r\n"},
		{"what did not arrive whole is cut", 20, "GET /a: b HTTP/1.1\r\n"},
		{"nothing came", 0, ""},
	} {
		if got := string(tightened([]byte(head), c.length)); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}
