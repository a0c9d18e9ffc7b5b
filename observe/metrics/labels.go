package metrics

import (
	"math/bits"
	"net/http"
	"strconv"
	"time"

	"vitrine/web/message"
)

// methods are how many values the label method has: those that are known, and "other".
const methods = int(message.PATCH) + 1

// methodLabel is the label of a method. Methods that are not known have one together: a client may invent any.
func methodLabel(m int) string {
	if message.Method(m) == message.OtherMethod {
		return Other
	}
	return message.Method(m).String()
}

// Labels of what has no name, or no name of its own. A site may be called so too, and is counted with them.
const (
	Other = "other"
	None  = "none" // the site of requests that were refused before one was chosen, the status of those that got no answer
)

// statuses is an upper bound of the number of values of the label status.
const statuses = 80

// statusLabels are the values of the label status: codes that are registered, as Go's net/http knows them, then for each class
// the others. statusIndex is where each code's is.
var (
	statusLabels [statuses]string
	statusClass  [statuses]uint8
	statusIndex  [600]uint8
)

func init() {
	n := 0
	add := func(label string, class int) int {
		statusLabels[n], statusClass[n] = label, uint8(class)
		n++
		return n - 1
	}
	add(None, 0) // whatever is no status code is at index 0
	for class := 1; class <= 5; class++ {
		others := add(strconv.Itoa(class)+"xx", class)
		for code := class * 100; code < class*100+100; code++ {
			statusIndex[code] = uint8(others)
			if http.StatusText(code) != "" {
				statusIndex[code] = uint8(add(strconv.Itoa(code), class))
			}
		}
	}
}

// bounds are the upper bounds of the histogram's buckets: those that Prometheus's libraries have by default, and below them
// finer ones, since what is in memory is answered in less than the first of those.
var bounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond,
	50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// buckets are the bounds' and the one without a bound.
const buckets = len(bounds) + 1

// firstBucket is the first bucket for spans with so many binary digits.
var firstBucket = func() (first [65]uint8) {
	for digits := range first {
		least := uint64(0)
		if digits > 0 {
			least = 1 << (digits - 1)
		}
		for int(first[digits]) < len(bounds) && least > uint64(bounds[first[digits]]) {
			first[digits]++
		}
	}
	return first
}()

// bucketOf is the bucket of a span of time in nanoseconds. A bound belongs to its bucket, as Prometheus wants it.
func bucketOf(ns uint64) int {
	b := int(firstBucket[bits.Len64(ns)])
	for b < len(bounds) && ns > uint64(bounds[b]) {
		b++
	}
	return b
}
