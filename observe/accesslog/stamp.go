package accesslog

import "time"

// millis is where the milliseconds stand in the iso layout.
const millis = len("2006-01-02T15:04:05.")

// stamp is a formatted second, kept since most lines are of the same second as the one before.
type stamp struct {
	layout string
	second int64
	text   []byte
}

// at is the text for a time in nanoseconds since 1970, valid until the next call.
func (s *stamp) at(ns int64) []byte {
	if second := ns / int64(time.Second); second != s.second || s.text == nil {
		s.second = second
		s.text = time.Unix(second, 0).AppendFormat(s.text[:0], s.layout)
	}
	return s.text
}

// appendISO appends the time in the iso layout, with its milliseconds.
func (s *scratch) appendISO(dst []byte, ns int64) []byte {
	from := len(dst)
	dst = append(dst, s.iso.at(ns)...)
	ms := ns / int64(time.Millisecond) % 1000
	digits := dst[from+millis : from+millis+3]
	digits[0], digits[1], digits[2] = byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10)
	return dst
}
