package segment

import (
	"bytes"
	"testing"
)

// Where Parse takes a segment, View sees the same; of one that is cut it sees what is there.
func FuzzView(f *testing.F) {
	b := make([]byte, 80)
	Put(b, 80, 1025, &Out{Seq: 1, Ack: 2, Flags: SYN | ACK, Window: 9, MSS: 1460, Scale: 7, SACKPermitted: true, Timestamps: true, TSVal: 3, TSEcr: 4})
	f.Add(b, 30)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		var p, v Segment
		why := Parse(b, &p)
		head, ok := View(b, &v)
		if why == nil {
			payload := p.Payload
			p.Payload = nil
			seen := v.Payload
			v.Payload = nil
			if !ok || head != len(b)-len(payload) || !bytes.Equal(payload, seen) || !same(&p, &v) {
				t.Fatalf("%+v (%d, %v), parsed %+v", v, head, ok, p)
			}
		}
		if cut >= 0 && cut < len(b) {
			if n, ok := View(b[:cut], &v); ok && n != head {
				t.Fatalf("cut to %d: a header of %d bytes, whole %d", cut, n, head)
			}
		}
	})
}

// same compares what counts: blocks beyond NSACK do not.
func same(a, b *Segment) bool {
	for i := range a.NSACK {
		if a.SACK[i] != b.SACK[i] {
			return false
		}
	}
	return a.SrcPort == b.SrcPort && a.DstPort == b.DstPort && a.Seq == b.Seq && a.Ack == b.Ack && a.Flags == b.Flags && a.Window == b.Window &&
		a.Urgent == b.Urgent && a.MSS == b.MSS && a.Scale == b.Scale && a.SACKPermitted == b.SACKPermitted && a.Timestamps == b.Timestamps &&
		a.Malformed == b.Malformed && a.NSACK == b.NSACK && a.TSVal == b.TSVal && a.TSEcr == b.TSEcr
}
