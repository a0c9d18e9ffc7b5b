package message

import (
	"net/http"
	"testing"
	"time"
)

func TestDatesAreWrittenAsIMFFixdate(t *testing.T) {
	check := func(unix int64) {
		want := time.Unix(unix, 0).UTC().Format(http.TimeFormat)
		if got := string(AppendDate(nil, unix)); got != want {
			t.Fatalf("%d is %q, and not %q", unix, got, want)
		}
		if back, ok := ParseDate([]byte(want), 0); !ok || back != unix {
			t.Fatalf("%q is %d, %v, and not %d", want, back, ok, unix)
		}
	}
	first := time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	last := time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC).Unix()
	for unix := first; unix < last; unix += 86400*3 + 3671 {
		check(unix)
	}
	for _, unix := range []int64{first, last, -1, 0, 1, 86399, 86400, 951782400, 784111777, 4107542400} {
		check(unix)
	}
	dst := make([]byte, 0, 29)
	if n := testing.AllocsPerRun(100, func() { AppendDate(dst, 784111777) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDatesAreReadInThreeFormats(t *testing.T) {
	now := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).Unix()
	for value, want := range map[string]string{
		"Sun, 06 Nov 1994 08:49:37 GMT":       "1994-11-06 08:49:37",
		"Sunday, 06-Nov-94 08:49:37 GMT":      "1994-11-06 08:49:37",
		"Sun Nov  6 08:49:37 1994":            "1994-11-06 08:49:37",
		"Sun Nov 16 08:49:37 1994":            "1994-11-16 08:49:37",
		" Sun, 06 Nov 1994 08:49:37 GMT\t":    "1994-11-06 08:49:37",
		"Mon, 06 Nov 1994 08:49:37 GMT":       "1994-11-06 08:49:37", // the day's name is not compared
		"Sat, 29 Feb 2020 00:00:00 GMT":       "2020-02-29 00:00:00",
		"Sat, 31 Dec 2016 23:59:60 GMT":       "2017-01-01 00:00:00", // a leap second
		"Wednesday, 01-Jul-26 12:00:00 GMT":   "2026-07-01 12:00:00",
		"Friday, 01-Jan-00 00:00:00 GMT":      "2000-01-01 00:00:00",
		"Wednesday, 01-Jul-76 12:00:00 GMT":   "2076-07-01 12:00:00", // 50 years ahead, and not more
		"Thursday, 01-Jul-76 12:00:01 GMT":    "1976-07-01 12:00:01",
		"Thursday, 01-Jan-99 00:00:00 GMT":    "1999-01-01 00:00:00",
		"Wednesday, 06-Nov-30 08:49:37 GMT":   "2030-11-06 08:49:37",
		"":                                    "",
		"0":                                   "",
		"-1":                                  "",
		"now":                                 "",
		"Sun, 06 Nov 1994 08:49:37":           "",
		"Sun, 06 Nov 1994 08:49:37 UTC":       "",
		"Sun, 06 Nov 1994 08:49:37 GMT x":     "",
		"sun, 06 nov 1994 08:49:37 gmt":       "",
		"Sun,06 Nov 1994 08:49:37 GMT":        "",
		"Sun, 6 Nov 1994 08:49:37 GMT":        "",
		"Sun, 06 Nov 94 08:49:37 GMT":         "",
		"Sun, 06 Nov 1994 8:49:37 GMT":        "",
		"Sun, 06 Nov 1994 24:00:00 GMT":       "",
		"Sun, 06 Nov 1994 00:60:00 GMT":       "",
		"Sun, 06 Nov 1994 00:00:61 GMT":       "",
		"Sun, 31 Nov 1994 08:49:37 GMT":       "",
		"Sun, 00 Nov 1994 08:49:37 GMT":       "",
		"Sun, 29 Feb 1900 08:49:37 GMT":       "",
		"Sun, 29 Feb 2023 08:49:37 GMT":       "",
		"Sun, -6 Nov 1994 08:49:37 GMT":       "",
		"Xyz, 06 Nov 1994 08:49:37 GMT":       "",
		"Sun, 06 Xyz 1994 08:49:37 GMT":       "",
		"Sun, 06-Nov-94 08:49:37 GMT":         "",
		"Sonntag, 06-Nov-94 08:49:37 GMT":     "",
		"Sun Nov 6 08:49:37 1994":             "",
		"Sun Nov  6 08:49:37 1994 GMT":        "",
		"Sun, 06 Nov 1994 08:49:37 GMT, more": "",
	} {
		got := ""
		if unix, ok := ParseDate([]byte(value), now); ok {
			got = time.Unix(unix, 0).UTC().Format(time.DateTime)
		}
		if got != want {
			t.Errorf("%q is %q, and not %q", value, got, want)
		}
	}
	value := []byte("Sunday, 06-Nov-94 08:49:37 GMT")
	if n := testing.AllocsPerRun(100, func() { ParseDate(value, now) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDate(f *testing.F) {
	f.Add("Sun, 06 Nov 1994 08:49:37 GMT", int64(1_700_000_000))
	f.Add("Sunday, 06-Nov-94 08:49:37 GMT", int64(1_700_000_000))
	f.Add("Sun Nov  6 08:49:37 1994", int64(0))
	f.Fuzz(func(t *testing.T, value string, now int64) {
		now %= 200_000_000_000
		unix, ok := ParseDate([]byte(value), now)
		if !ok {
			return
		}
		if back, ok := ParseDate(AppendDate(nil, unix), now); !ok || back != unix {
			// A leap second at the end of the year 9999 is the one moment that cannot be written.
			if unix < time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix() {
				t.Fatalf("%q is %d, which is read back as %d, %v", value, unix, back, ok)
			}
		}
	})
}

func BenchmarkAppendDate(b *testing.B) {
	dst := make([]byte, 0, 29)
	for b.Loop() {
		AppendDate(dst, 1_700_000_000)
	}
}
