package config

import (
	"testing"
	"time"
)

func TestSizesHaveUnitsOfTwoFamilies(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "17": 17, "17B": 17, "64KiB": 65536, "64 kib": 65536, "1MB": 1e6, "1.5MiB": 3 << 19, "2TiB": 2 << 40,
	} {
		got, problem := parseSize(text)
		if problem != nil || got != want {
			t.Errorf("%q is %d, %v; want %d", text, got, problem, want)
		}
		if back, problem := parseSize(formatSize(want)); problem != nil || back != want {
			t.Errorf("%d is printed %s, which is %d", want, formatSize(want), back)
		}
	}
	for _, text := range []string{"", "K", "64K", "1.0001KiB", "1e3", "KiB", "9999999999999TiB", "1..2", "64XB", "--1"} {
		if got, problem := parseSize(text); problem == nil || problem.hint == "" {
			t.Errorf("%q is %d, %v", text, got, problem)
		}
	}
}

func TestDurationsHaveUnitsAndDays(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "250ms": 250 * time.Millisecond, "1m30s": 90 * time.Second, "1d": day, "1d12h": 36 * time.Hour, "0.5d": 12 * time.Hour,
		"90s": 90 * time.Second, "1h 30m": 90 * time.Minute, "7us": 7 * time.Microsecond, "11ns": 11,
	} {
		got, problem := parseDuration(text)
		if problem != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, problem, want)
		}
		if back, problem := parseDuration(formatDuration(want)); problem != nil || back != want {
			t.Errorf("%v is printed %s, which is %v", want, formatDuration(want), back)
		}
	}
	for text, want := range map[time.Duration]string{time.Minute: "60s", 2 * time.Minute: "2m", day: "24h", 7 * day: "7d", 75 * time.Second: "75s"} {
		if got := formatDuration(text); got != want {
			t.Errorf("%v is printed %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"", "20", "soon", "d", "1d1d", "1x", "NaNd"} {
		if got, problem := parseDuration(text); problem == nil || problem.hint == "" {
			t.Errorf("%q is %v, %v", text, got, problem)
		}
	}
}
