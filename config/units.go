package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// sizeUnits are the units of a size, the largest first within each family.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
	{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"B", 1},
}

// parseSize reads a number of bytes with or without a unit.
func parseSize(text string) (int64, *problem) {
	number, unit := splitUnit(text)
	factor := int64(1)
	if unit != "" {
		factor = 0
		for _, u := range sizeUnits {
			if strings.EqualFold(unit, u.name) {
				factor = u.bytes
			}
		}
		if factor == 0 {
			if one := strings.ToUpper(unit); len(one) == 1 && strings.Contains("KMGT", one) {
				return 0, &problem{message: fmt.Sprintf("%q does not say whether its %s is 1024 or 1000", text, unit),
					hint: fmt.Sprintf("write %q for powers of 1024, or %q for powers of 1000", number+one+"iB", number+one+"B")}
			}
			return 0, &problem{message: fmt.Sprintf("%q has no unit of size", text), hint: "the units are B, KiB, MiB, GiB and TiB, and KB, MB, GB and TB for powers of 1000"}
		}
	}
	value, err := strconv.ParseFloat(number, 64)
	bytes := value * float64(factor)
	switch {
	case err != nil || math.IsNaN(bytes) || math.IsInf(bytes, 0):
		return 0, &problem{message: fmt.Sprintf("%q is no size", text), hint: `write, for example, "64KiB"`}
	case bytes != math.Trunc(bytes) || math.Abs(bytes) > 1<<53:
		return 0, &problem{message: fmt.Sprintf("%q is not a whole number of bytes", text), hint: `write, for example, "64KiB"`}
	}
	return int64(bytes), nil
}

// formatSize writes bytes in the largest unit that needs no fraction.
func formatSize(bytes int64) string {
	for _, u := range sizeUnits {
		if bytes != 0 && bytes%u.bytes == 0 && u.bytes > 1 {
			return strconv.FormatInt(bytes/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(bytes, 10)
}

const day = 24 * time.Hour

// parseDuration reads what time.ParseDuration reads, and days.
func parseDuration(text string) (time.Duration, *problem) {
	number, unit := splitUnit(text)
	if unit == "" && number != "" && number != "0" {
		return 0, &problem{message: fmt.Sprintf("%q has no unit of time", text), hint: fmt.Sprintf("write %q for seconds, or %q for milliseconds", number+"s", number+"ms")}
	}
	var days time.Duration
	rest := strings.ReplaceAll(text, " ", "")
	if before, after, ok := strings.Cut(rest, "d"); ok {
		n, err := strconv.ParseFloat(before, 64)
		if err != nil || !(math.Abs(n) < 100_000) {
			return 0, &problem{message: fmt.Sprintf("%q is no duration", text), hint: `write, for example, "30s", "5m", "1h30m" or "1d"`}
		}
		days, rest = time.Duration(n*float64(day)), after
	}
	var d time.Duration
	if rest != "" || days == 0 {
		var err error
		if d, err = time.ParseDuration(rest); err != nil {
			return 0, &problem{message: fmt.Sprintf("%q is no duration", text), hint: `write, for example, "30s", "5m", "1h30m" or "1d"; the units are ns, us, ms, s, m, h and d`}
		}
	}
	return days + d, nil
}

// formatDuration writes a duration in the largest unit that needs no fraction; below two of them, people
// count days in hours and minutes in seconds.
func formatDuration(d time.Duration) string {
	for _, u := range []struct {
		name        string
		unit, least time.Duration
	}{{"d", day, 2 * day}, {"h", time.Hour, 0}, {"m", time.Minute, 2 * time.Minute}, {"s", time.Second, 0}, {"ms", time.Millisecond, 0}, {"us", time.Microsecond, 0}} {
		if d != 0 && d%u.unit == 0 && d >= u.least {
			return strconv.FormatInt(int64(d/u.unit), 10) + u.name
		}
	}
	if d == 0 {
		return "0s"
	}
	return strconv.FormatInt(int64(d), 10) + "ns"
}

// splitUnit parts "64 KiB" into "64" and "KiB".
func splitUnit(text string) (number, unit string) {
	text = strings.TrimSpace(text)
	end := strings.IndexFunc(text, func(c rune) bool { return !strings.ContainsRune("0123456789.+-", c) })
	if end < 0 {
		return text, ""
	}
	return text[:end], strings.TrimSpace(text[end:])
}
