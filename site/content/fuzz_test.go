package content

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine/web/message"
)

// tagList is a well-formed list of entity tags, or "*".
var tagList = regexp.MustCompile(`^(\*|[ \t]*(W/)?"[!#-~\x80-\xff]*"([ \t]*,[ \t]*(W/)?"[!#-~\x80-\xff]*")*[ \t]*)$`)

// FuzzPlan compares Plan with net/http's ServeContent, for any values of the fields that matter. Where the two may
// differ within the standard, the comparison is left out or made without the field:
//
//   - Lists of entity tags that are malformed: net/http takes the part before the fault, we what RFC 9110 §5.6.1 allows.
//   - Dates that only one of the two can read: net/http ignores the case of names and takes other spacings.
//   - If-Range with something behind the tag: net/http takes it, for us it is no validator.
//   - Ranges with HEAD: net/http follows them, RFC 9110 §14.2 gives them a meaning with GET only.
//   - Malformed ranges: net/http says 416, we ignore the field as RFC 9110 §14.2 allows; so does it with too many.
//   - "-0": net/http sends an empty part, which Content-Range cannot describe.
//   - Several ranges: joined by us when they nearly touch, by net/http never; TestRangesReassemble is about them.
func FuzzPlan(f *testing.F) {
	for _, seed := range [][5]string{
		{"bytes=0-1", "", "", "", ""}, {"bytes=-2", `"v1"`, "", "", ""}, {"bytes=7-", "", `W/"v1", "x"`, "", ""},
		{"bytes=99-", "", "", "*", ""}, {"bytes= 1-2", "", "", `"v1"`, ""}, {"", "", "", "", sameDate}, {"bytes=2-3", sameDate, "", "", olderDate},
		{"BYTES=1-1", `W/"v1"`, `"`, `"a""b"`, laterDate}, {"bytes=0-0,-1", "", "", "", ""}, {"bytes=5-4", "", "", "", ""},
		{"bytes=-0", "", "", "", ""}, {"bytes=18446744073709551616-", "", "", "", ""}, {"bytes", "", "", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], "", false)
		f.Add(seed[0], seed[1], seed[2], seed[3], "", seed[4], true)
	}
	f.Fuzz(func(t *testing.T, rangeValue, ifRange, ifNoneMatch, ifMatch, ifModifiedSince, ifUnmodifiedSince string, head bool) {
		method := "GET"
		if head {
			method = "HEAD"
		}
		given := []struct{ name, value string }{
			{"Range", rangeValue}, {"If-Range", ifRange}, {"If-None-Match", ifNoneMatch}, {"If-Match", ifMatch},
			{"If-Modified-Since", ifModifiedSince}, {"If-Unmodified-Since", ifUnmodifiedSince},
		}
		oracle := httptest.NewRequest(method, "/digits.txt", nil)
		var lines []string
		comparable := true
		for _, field := range given {
			value := message.Trim(field.value)
			if value == "" {
				continue
			}
			if !message.IsValue(value) || strings.ContainsAny(value, "\r\n") {
				return // no request can have it
			}
			lines = append(lines, field.name+":"+value)
			oracle.Header.Set(field.name, value)
			switch field.name {
			case "If-None-Match", "If-Match":
				comparable = comparable && tagList.MatchString(value)
			case "If-Modified-Since", "If-Unmodified-Since":
				comparable = comparable && sameReading(value)
			case "If-Range":
				tag, rest, isTag := message.ParseETag([]byte(value))
				_ = tag
				comparable = comparable && (isTag && len(rest) == 0 || !isTag && sameReading(value) && !strings.Contains(value, `"`))
			}
		}
		var h message.Header
		a := Plan(request(method, lines...), digits(), textType, Options{Ranges: 4, Now: present}, &h, nil)
		got := body(t, a.Pieces)
		held(t, &a, &h, got, head)
		if !comparable {
			return
		}

		ranges, verdict := message.ParseRange([]byte(message.Trim(rangeValue)), 10, 4)
		switch {
		case rangeValue == "":
		case head, verdict.Ignored(), strings.Contains(rangeValue, "-0") && verdict == message.RangesUnsatisfiable:
			oracle.Header.Del("Range")
			if verdict == message.RangesUnsatisfiable && !head {
				return
			}
		case strings.Contains(rangeValue, ",") || !strings.HasPrefix(rangeValue, "bytes=") || len(ranges) > 1:
			return
		}
		w := httptest.NewRecorder()
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Type", textType.Value)
		http.ServeContent(w, oracle, "digits.txt", time.Unix(modified, 500), bytes.NewReader(digits().Bytes))
		if a.Status != w.Code {
			t.Fatalf("%s %q: %d by %s, net/http says %d", method, lines, a.Status, a.Reason, w.Code)
		}
		if a.Status >= 400 {
			return // their page is text, ours comes from elsewhere
		}
		if theirs := w.Body.String(); got != theirs {
			t.Errorf("%s %q: body %q, net/http says %q", method, lines, got, theirs)
		}
		for _, name := range []string{"Content-Range", "Content-Length", "Content-Type", "ETag"} {
			if theirs := w.Header().Get(name); h.Get(name) != theirs {
				t.Errorf("%s %q: %s is %q, net/http says %q", method, lines, name, h.Get(name), theirs)
			}
		}
	})
}

// sameReading reports whether both of us read a date alike.
func sameReading(value string) bool {
	ours, ok := message.ParseDate([]byte(value), present)
	theirs, err := http.ParseTime(value)
	return ok == (err == nil) && (!ok || ours == theirs.Unix())
}

// held is what holds for every answer, whatever was asked.
func held(t *testing.T, a *Answer, h *message.Header, body string, head bool) {
	t.Helper()
	switch a.Status {
	case 200, 206:
		if length := h.Get("Content-Length"); !head && length != strconv.Itoa(len(body)) {
			t.Errorf("%d with Content-Length %s and %d bytes", a.Status, length, len(body))
		}
	case 304, 412, 416:
		if body != "" || h.Has("Content-Length") || h.Has("Content-Type") {
			t.Errorf("%d with %q and\n%s", a.Status, body, fields(h))
		}
	default:
		t.Errorf("status %d", a.Status)
	}
	if h.Has("Content-Range") != (a.Reason == reasonPart || a.Reason == reasonRangeUnsatisfiable) {
		t.Errorf("%s with\n%s", a.Reason, fields(h))
	}
}
