package message

import (
	"bytes"
	"cmp"
	"math"
	"slices"
)

// ByteRange is a piece of a representation, in bytes; its length is positive.
type ByteRange struct{ Start, Length int64 }

// End is the offset after the last byte.
func (r ByteRange) End() int64 { return r.Start + r.Length }

// RangeVerdict is what a Range field comes to (RFC 9110 §14.2).
type RangeVerdict uint8

const (
	RangesWanted        RangeVerdict = iota // the ranges are to be sent, with 206
	RangesUnsatisfiable                     // none of them lies within the representation: 416
	RangeUnitUnknown                        // from here on the field is ignored: not in bytes
	RangeMalformed                          // not a list of ranges
	RangesTooMany                           // more than are allowed
	RangesOverlapping                       // more than two overlap, or two that are out of order
	RangesScattered                         // many, and not in ascending order
	RangeOfNothing                          // the representation is empty

	RangeVerdicts = iota // how many there are
)

var rangeVerdictTexts = [RangeVerdicts]string{
	"ranges wanted", "ranges not satisfiable", "range unit is not bytes", "range is malformed", "too many ranges",
	"ranges overlap", "many ranges out of order", "range of an empty representation",
}

func (v RangeVerdict) String() string { return rangeVerdictTexts[v] }

// Ignored reports whether the request is answered as if it had no Range.
func (v RangeVerdict) Ignored() bool { return v > RangesUnsatisfiable }

const (
	// rangeGap is a distance between two ranges that is cheaper to send than the head of another part
	// (RFC 9110 §15.3.7.2).
	rangeGap = 80
	// scattered is how many ranges may come out of order: players ask for the end of a file first, but nobody
	// honest jumps about in it many times (RFC 9110 §14.2).
	scattered = 8
)

// ParseRange reads the value of a Range field for a representation of size bytes. At most max ranges are followed.
// Ranges in ascending order that overlap or nearly touch become one; others stay as they were asked for. Ranges that
// lie beyond the end are left out, and only when that leaves none the verdict is RangesUnsatisfiable.
func ParseRange(value []byte, size int64, max int) ([]ByteRange, RangeVerdict) {
	unit, set, found := bytes.Cut(value, []byte{'='})
	switch {
	case !found || !IsToken(unit):
		return nil, RangeMalformed
	case !EqualFold(unit, "bytes"):
		return nil, RangeUnitUnknown
	}
	var ranges []ByteRange
	asked := 0
	for spec := range Tokens(set) {
		r, ok := parseRangeSpec(spec, size)
		if !ok {
			return nil, RangeMalformed
		}
		if asked++; asked <= max && r.Length > 0 {
			ranges = append(ranges, r)
		}
	}
	switch {
	case asked == 0:
		return nil, RangeMalformed
	case asked > max:
		return nil, RangesTooMany
	case size == 0:
		return nil, RangeOfNothing // 206 could not describe it, and all of nothing is no less
	case len(ranges) == 0:
		return nil, RangesUnsatisfiable
	}
	return coalesce(ranges)
}

// parseRangeSpec reads first-last, first- or -suffix (RFC 9110 §14.1.1). A range without a byte of the representation
// has no length.
func parseRangeSpec(spec []byte, size int64) (r ByteRange, ok bool) {
	first, last, found := bytes.Cut(spec, []byte{'-'})
	if !found {
		return r, false
	}
	end, ok := parsePosition(last)
	if len(first) == 0 { // the last bytes
		n := min(end, size)
		return ByteRange{size - n, n}, ok
	}
	if len(last) == 0 {
		end, ok = math.MaxInt64, true
	}
	start, valid := parsePosition(first)
	if !ok || !valid || end < start {
		return r, false
	}
	if start >= size {
		return ByteRange{size, 0}, true
	}
	return ByteRange{start, min(end, size-1) - start + 1}, true
}

// parsePosition reads a number; those beyond every file count as the largest.
func parsePosition(digits []byte) (int64, bool) {
	n := int64(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > (math.MaxInt64-9)/10 {
			n = math.MaxInt64
			continue
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(digits) > 0
}

// coalesce joins ranges that overlap or nearly touch, or refuses what only somebody hostile asks for
// (RFC 9110 §14.2, §17.15).
func coalesce(ranges []ByteRange) ([]ByteRange, RangeVerdict) {
	if len(ranges) == 1 {
		return ranges, RangesWanted
	}
	byStart := func(a, b ByteRange) int { return cmp.Compare(a.Start, b.Start) }
	ascending := slices.IsSortedFunc(ranges, byStart)
	sorted := ranges
	if !ascending {
		sorted = slices.SortedFunc(slices.Values(ranges), byStart)
	}
	overlaps, end := 0, int64(0)
	for _, r := range sorted {
		if r.Start < end {
			overlaps++
		}
		end = max(end, r.End())
	}
	switch {
	case overlaps > 1 || overlaps > 0 && !ascending:
		return nil, RangesOverlapping
	case !ascending && len(ranges) > scattered:
		return nil, RangesScattered
	case !ascending:
		return ranges, RangesWanted
	}
	joined := ranges[:1]
	for _, r := range ranges[1:] {
		last := &joined[len(joined)-1]
		if r.Start > last.End()+rangeGap {
			joined = append(joined, r)
			continue
		}
		last.Length = max(last.End(), r.End()) - last.Start
	}
	return joined, RangesWanted
}
