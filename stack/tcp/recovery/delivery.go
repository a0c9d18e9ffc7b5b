package recovery

import "vitrine/stack/tcp/segment"

// delivery is what one acknowledgement newly says has arrived, whether cumulatively or selectively. The scoreboard fills
// it in while it changes.
type delivery struct {
	fack segment.Number // highest end that had been delivered before
	high segment.Number // recovery point: what ends at or before it was sent before the loss was noticed
	// A retransmission sent after this moment cannot be what was acknowledged: its original was (RFC 8985 §6.2 step 2).
	believe int64

	acked int // bytes acknowledged cumulatively
	bytes int // bytes delivered: acknowledged in either way and not before

	// The moments when delivered ranges that were sent once only had been sent; 0: none.
	first    int64 // the earliest, of those acknowledged cumulatively: the round trip with the peer's delay
	last     int64 // the latest, of all: the round trip without it
	selected int64 // the latest, of those acknowledged selectively: earlier ones may have been in a report that was lost
	resent   int64 // when the first range acknowledged cumulatively was sent again last; 0: it was not

	highest   segment.Number // end of what was delivered, when bytes is not zero
	newest    int64          // the delivered transmission that was sent last, and its end
	newestEnd segment.Number

	reordered bool // something sent once only was delivered after something sent later
	original  bool // something from before the recovery point that was sent once only was delivered
	again     bool // something that had been sent again was acknowledged cumulatively
	repeated  bool // … or selectively
}

// take adds a range that was not delivered before.
func (d *delivery) take(r *record) {
	if d.bytes == 0 || d.highest.Less(r.end) {
		d.highest = r.end
	}
	d.bytes += int(r.len())
	if r.flags&ever != 0 {
		d.repeated = true
		if r.sent > d.believe {
			return
		}
	} else {
		d.last = max(d.last, r.sent)
		d.reordered = d.reordered || r.end.Less(d.fack)
		d.original = d.original || r.end.LessEq(d.high)
	}
	if after(r.sent, r.end, d.newest, d.newestEnd) {
		d.newest, d.newestEnd = r.sent, r.end
	}
}

func (d *delivery) cumulative(r *record) {
	if r.flags&ever == 0 && (d.first == 0 || r.sent < d.first) {
		d.first = r.sent
	}
}

func (d *delivery) selective(r *record) {
	if r.flags&ever == 0 {
		d.selected = max(d.selected, r.sent)
	}
}

// after reports whether the transmission (sent, end) left later than the other: of what left in the same moment, what
// lies further in the stream left later (RFC 8985 §6.2, RACK_sent_after).
func after(sent int64, end segment.Number, otherSent int64, otherEnd segment.Number) bool {
	return sent > otherSent || sent == otherSent && otherEnd.Less(end)
}
