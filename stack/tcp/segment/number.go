package segment

// Number is a sequence number: it counts bytes modulo 2³², so two of them are compared by which one is at most half
// the circle ahead (RFC 9293 §3.4).
type Number uint32

// Less reports whether n comes before o.
func (n Number) Less(o Number) bool { return int32(n-o) < 0 }

// LessEq reports whether n comes before o or is o.
func (n Number) LessEq(o Number) bool { return int32(n-o) <= 0 }

// Add is the number k bytes after n; k may be negative.
func (n Number) Add(k int) Number { return n + Number(uint32(k)) }

// Sub is how many bytes n is after o; negative when it is before.
func (n Number) Sub(o Number) int32 { return int32(n - o) }

// Max is the later of the two.
func (n Number) Max(o Number) Number {
	if n.Less(o) {
		return o
	}
	return n
}

// Min is the earlier of the two.
func (n Number) Min(o Number) Number {
	if o.Less(n) {
		return o
	}
	return n
}

// Range is the sequence space from Start up to, but not including, End. It is shorter than 2³¹.
type Range struct{ Start, End Number }

// Len is the number of bytes in the range; zero or negative when it is empty.
func (r Range) Len() int { return int(r.End.Sub(r.Start)) }

// Empty reports whether nothing lies in the range.
func (r Range) Empty() bool { return !r.Start.Less(r.End) }

// Contains reports whether all of o lies in r.
func (r Range) Contains(o Range) bool { return r.Start.LessEq(o.Start) && o.End.LessEq(r.End) }
