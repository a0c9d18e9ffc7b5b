package accesslog

import (
	"context"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/config/template"
	"vitrine/observe/logfile"
)

func discard(t testing.TB, format string) *Logger {
	files := logfile.New(nil)
	t.Cleanup(func() { files.Close(context.Background()) })
	file, err := files.Open("/dev/null", logfile.Options{Buffer: 64 << 10, Flush: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	custom, err := template.Compile("{client.address} {time} {method} {uri} {status} {duration}", template.ForLog)
	if err != nil {
		t.Fatal(err)
	}
	return newLogger(file, &config.Log{Format: config.Value[string]{V: format}, Custom: config.Value[*template.Template]{V: custom}})
}

// uncounted says that allocations cannot be counted here.
var uncounted bool

func TestALineAllocatesNothing(t *testing.T) {
	if uncounted {
		t.Skip("under the race detector")
	}
	v, bad := served(t), failed(t, head)
	for format := range formats {
		l := discard(t, format)
		for range 1000 { // the buffers in use are made
			l.Log(v)
		}
		if n := testing.AllocsPerRun(1000, func() { l.Log(v) }); n != 0 {
			t.Errorf("%s allocates %v times", format, n)
		}
		if n := testing.AllocsPerRun(1000, func() { l.Log(bad) }); n != 0 && format != "common" && format != "combined" {
			t.Errorf("%s allocates %v times for a failure", format, n)
		}
	}
}

func BenchmarkLog(b *testing.B) {
	v := served(b)
	for _, format := range []string{"combined", "json", "readable", "custom"} {
		b.Run(format, func(b *testing.B) {
			l := discard(b, format)
			b.ReportAllocs()
			for b.Loop() {
				l.Log(v)
			}
		})
	}
}
