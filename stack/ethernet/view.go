package ethernet

import "encoding/binary"

// View reads a frame for people, whatever is wrong with it: nothing is dropped, so no Reason is reached. It is false when the
// header is not there whole.
func View(b []byte) (f Frame, ok bool) {
	if len(b) < HeaderLen {
		return f, false
	}
	return Frame{Dst: MAC(b[0:6]), Src: MAC(b[6:12]), EtherType: Type(binary.BigEndian.Uint16(b[12:14])), Payload: b[HeaderLen:]}, true
}
