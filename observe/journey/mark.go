package journey

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"vitrine/trace"
)

// Mark is a place in the list of journeys, which is ordered by when they began: requests that came at once have the same
// time. The zero Mark is the list's young end.
type Mark struct {
	Start  time.Time
	Serial uint32
	ID     trace.ID
}

// Mark is the journey's place.
func (j *Journey) Mark() Mark { return Mark{j.Start, j.Serial, j.ID} }

// IsZero reports whether the mark is the list's young end.
func (m Mark) IsZero() bool { return m.Start.IsZero() }

// String is the mark as one word, fit for a URL, that ParseMark reads; "" for the zero Mark.
func (m Mark) String() string {
	if m.IsZero() {
		return ""
	}
	return strconv.FormatInt(m.Start.UnixNano(), 10) + "-" + strconv.FormatUint(uint64(m.Serial), 10) + "-" + m.ID.String()
}

// ParseMark reads what String wrote, or a time as RFC 3339 writes it, which is the place before the journeys that began
// then or later.
func ParseMark(s string) (Mark, error) {
	if s == "" {
		return Mark{}, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, s); err == nil && at.Unix() > 0 && at.Year() < 2262 { // beyond, it is no int64
		return Mark{Start: at}, nil
	}
	words := strings.Split(s, "-")
	if len(words) == 3 && len(words[2]) == 16 {
		at, err1 := strconv.ParseInt(words[0], 10, 64)
		serial, err2 := strconv.ParseUint(words[1], 10, 32)
		id, err3 := trace.ParseID(words[2])
		if err1 == nil && err2 == nil && err3 == nil && at > 0 {
			return Mark{time.Unix(0, at), uint32(serial), id}, nil
		}
	}
	return Mark{}, errors.New("not a place in the list of journeys: give a time such as 2026-01-31T12:00:00Z, or the " +
		"\"before\" of the part that came last")
}
