package message

import (
	"slices"
	"strings"
	"testing"
)

func TestRanges(t *testing.T) {
	r := func(pairs ...int64) (ranges []ByteRange) {
		for i := 0; i < len(pairs); i += 2 {
			ranges = append(ranges, ByteRange{pairs[i], pairs[i+1]})
		}
		return
	}
	for _, test := range []struct {
		value   string
		size    int64
		want    []ByteRange
		verdict RangeVerdict
	}{
		// RFC 9110 §14.1.2, with a representation of 10000 bytes.
		{"bytes=0-499", 10000, r(0, 500), RangesWanted},
		{"bytes=500-999", 10000, r(500, 500), RangesWanted},
		{"bytes=-500", 10000, r(9500, 500), RangesWanted},
		{"bytes=9500-", 10000, r(9500, 500), RangesWanted},
		{"bytes=0-0,-1", 10000, r(0, 1, 9999, 1), RangesWanted},
		{"bytes= 0-0, 4500-5499, -1000", 10000, r(0, 1, 4500, 1000, 9000, 1000), RangesWanted},
		{"BYTES=0-0", 10000, r(0, 1), RangesWanted},
		{"bytes=0-99999", 10000, r(0, 10000), RangesWanted},
		{"bytes=-99999", 10000, r(0, 10000), RangesWanted},
		{"bytes=9999-9999", 10000, r(9999, 1), RangesWanted},
		{"bytes=0-99999999999999999999999", 10000, r(0, 10000), RangesWanted},
		{"bytes=-99999999999999999999999", 10000, r(0, 10000), RangesWanted},
		{"bytes=,0-0,,", 10000, r(0, 1), RangesWanted},
		{"bytes=0-0,20000-", 10000, r(0, 1), RangesWanted}, // what lies beyond the end is left out
		{"bytes=9000-9001,0-1", 10000, r(9000, 2, 0, 2), RangesWanted},

		// Ranges that touch become one.
		{"bytes=0-9,10-19", 10000, r(0, 20), RangesWanted},
		{"bytes=0-9,5-19", 10000, r(0, 20), RangesWanted},
		{"bytes=0-99,5-19", 10000, r(0, 100), RangesWanted},
		{"bytes=0-9,90-99", 10000, r(0, 100), RangesWanted},
		{"bytes=0-9,91-99", 10000, r(0, 10, 91, 9), RangesWanted},
		{"bytes=0-9,20-29,40-49,2000-2009", 10000, r(0, 50, 2000, 10), RangesWanted},

		// Beyond the end (§15.5.17).
		{"bytes=10000-", 10000, nil, RangesUnsatisfiable},
		{"bytes=10000-10001,20000-", 10000, nil, RangesUnsatisfiable},
		{"bytes=-0", 10000, nil, RangesUnsatisfiable},
		{"bytes=99999999999999999999999-", 10000, nil, RangesUnsatisfiable},
		{"bytes=99999999999999999999999-99999999999999999999999", 10000, nil, RangesUnsatisfiable},

		// Ignored (§14.2).
		{"lines=0-1", 10000, nil, RangeUnitUnknown},
		{"", 10000, nil, RangeMalformed},
		{"bytes", 10000, nil, RangeMalformed},
		{"bytes=", 10000, nil, RangeMalformed},
		{"bytes=,", 10000, nil, RangeMalformed},
		{"=0-1", 10000, nil, RangeMalformed},
		{"bytes =0-1", 10000, nil, RangeMalformed},
		{"bytes=1", 10000, nil, RangeMalformed},
		{"bytes=-", 10000, nil, RangeMalformed},
		{"bytes=5-4", 10000, nil, RangeMalformed},
		{"bytes=0-1,5-4", 10000, nil, RangeMalformed},
		{"bytes=a-b", 10000, nil, RangeMalformed},
		{"bytes=0x1-2", 10000, nil, RangeMalformed},
		{"bytes=+1-2", 10000, nil, RangeMalformed},
		{"bytes=1 - 2", 10000, nil, RangeMalformed},
		{"bytes=--1", 10000, nil, RangeMalformed},
		{"bytes=1-2-3", 10000, nil, RangeMalformed},
		{"bytes=0-1;2-3", 10000, nil, RangeMalformed},
		{"bytes=0-0" + strings.Repeat(",0-0", 20), 10000, nil, RangesTooMany},
		{"bytes=20000-" + strings.Repeat(",20000-", 20), 10000, nil, RangesTooMany},
		{"bytes=0-,0-,0-", 10000, nil, RangesOverlapping},
		{"bytes=0-1,1-2,2-3", 10000, nil, RangesOverlapping},
		{"bytes=5-9,0-5", 10000, nil, RangesOverlapping},
		{"bytes=900-901,800-801,700-701,600-601,500-501,400-401,300-301,200-201,100-101", 10000, nil, RangesScattered},
		{"bytes=0-0", 0, nil, RangeOfNothing},
		{"bytes=-5", 0, nil, RangeOfNothing},
	} {
		got, verdict := ParseRange([]byte(test.value), test.size, 20)
		if !slices.Equal(got, test.want) || verdict != test.verdict {
			t.Errorf("%q of %d: %v (%v) instead of %v (%v)", test.value, test.size, got, verdict, test.want, test.verdict)
		}
		if ignored := verdict != RangesWanted && verdict != RangesUnsatisfiable; verdict.Ignored() != ignored {
			t.Errorf("%v is ignored: %v", verdict, !ignored)
		}
	}
	for v := range RangeVerdict(RangeVerdicts) {
		if v.String() == "" {
			t.Errorf("verdict %d has no text", v)
		}
	}
}

func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-499", "bytes=-1,0-0", "bytes=0-9,5-19,90-", "bytes=9-,1-2", "lines=1", "bytes=99999999999999999999-"} {
		f.Add(s, int64(1000))
	}
	f.Fuzz(func(t *testing.T, value string, size int64) {
		size &= 1<<62 - 1
		ranges, verdict := ParseRange([]byte(value), size, 10)
		if (verdict == RangesWanted) != (len(ranges) > 0) || len(ranges) > 10 {
			t.Fatalf("%q: %v with %d ranges", value, verdict, len(ranges))
		}
		total := int64(0)
		for i, r := range ranges {
			if r.Start < 0 || r.Length <= 0 || r.End() > size {
				t.Fatalf("%q of %d: %v", value, size, r)
			}
			for _, other := range ranges[:i] {
				if r.Start < other.End() && other.Start < r.End() {
					t.Fatalf("%q of %d: %v and %v overlap", value, size, r, other)
				}
			}
			total += r.Length
		}
		if total > size {
			t.Fatalf("%q of %d asks for %d bytes", value, size, total)
		}
	})
}
