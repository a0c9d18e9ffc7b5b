package tcp

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"vitrine/stack/tcp/segment"
)

// How transcripts write segments.

// format writes a segment as transcripts do.
func format(o *segment.Out) string {
	var b strings.Builder
	seq := uint32(o.Seq - scriptISS)
	fmt.Fprintf(&b, "%v %d:%d(%d)", o.Flags, seq, seq+uint32(o.Length), o.Length)
	if o.Flags.Has(segment.ACK) {
		fmt.Fprintf(&b, " ack %d", uint32(o.Ack-scriptIRS))
	}
	fmt.Fprintf(&b, " win %d <%s>", o.Window, strings.Join(formatOptions(o), ","))
	if o.SegmentSize > 0 {
		fmt.Fprintf(&b, " pieces %d", o.SegmentSize)
	}
	return b.String()
}

func formatOptions(o *segment.Out) (opts []string) {
	if o.Flags.Has(segment.SYN) {
		if o.MSS != 0 {
			opts = append(opts, fmt.Sprintf("mss %d", o.MSS))
		}
		if o.SACKPermitted {
			opts = append(opts, "sackOK")
		}
		if o.Scale >= 0 {
			opts = append(opts, fmt.Sprintf("wscale %d", o.Scale))
		}
	}
	if o.Timestamps {
		opts = append(opts, fmt.Sprintf("TS val %d ecr %d", o.TSVal, o.TSEcr))
	}
	if o.NSACK > 0 {
		opts = append(opts, formatBlocks(o.SACK[:o.NSACK]))
	}
	return opts
}

func formatBlocks(blocks []segment.Range) string {
	var b strings.Builder
	b.WriteString("sack")
	for _, r := range blocks {
		fmt.Fprintf(&b, " %d:%d", uint32(r.Start-scriptIRS), uint32(r.End-scriptIRS))
	}
	return b.String()
}

var reSegment = regexp.MustCompile(`^([FSRPUEW.\-]+)\s+(\d+):(\d+)\((\d+)\)(?:\s+ack\s+(\d+))?(?:\s+win\s+(\d+))?(?:\s+<([^>]*)>)?(?:\s+pieces\s+(\d+))?$`)

// sameOptions compares option lists; no-operations do not matter, and neither does the order. A trailing … stands for
// any others.
func sameOptions(want, got string) bool {
	split := func(list string) map[string]bool {
		set := map[string]bool{}
		for _, o := range strings.Split(list, ",") {
			if o = strings.TrimSpace(o); o != "" && o != "nop" && o != "eol" {
				set[o] = true
			}
		}
		return set
	}
	w, g := split(want), split(got)
	if w["..."] {
		delete(w, "...")
	} else if len(w) != len(g) {
		return false
	}
	for o := range w {
		if !g[o] {
			return false
		}
	}
	return true
}

// byteAt is the peer's data: every position has its byte, so that whatever is read can be checked.
func byteAt(position uint64) byte { return byte(position*7 + position>>8) }

// input lets a segment come.
func (s *script) input(text string) error {
	m := reSegment.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("this is no segment")
	}
	num := func(i int) uint64 {
		n, _ := strconv.ParseUint(m[i], 10, 64)
		return n
	}
	in := segment.Segment{Scale: -1, Window: uint16(num(6))}
	for _, f := range m[1] {
		in.Flags |= map[rune]segment.Flags{'F': segment.FIN, 'S': segment.SYN, 'R': segment.RST, 'P': segment.PSH, '.': segment.ACK, 'U': segment.URG}[f]
	}
	start, end, length := num(2), num(3), int(num(4))
	if end-start != uint64(length) {
		return fmt.Errorf("the length contradicts the numbers")
	}
	in.Seq = scriptIRS + segment.Number(uint32(start))
	if m[5] != "" {
		in.Ack = scriptISS + segment.Number(uint32(num(5)))
	}
	in.Payload = make([]byte, length)
	first := start - 1
	if in.Flags.Has(segment.SYN) {
		first = start // the SYN's own number comes before its data
	}
	for i := range in.Payload {
		in.Payload[i] = byteAt(first + uint64(i))
	}
	for _, o := range strings.Split(m[7], ",") {
		f := strings.Fields(o)
		if len(f) == 0 {
			continue
		}
		arg := func(i int) uint32 {
			n, _ := strconv.ParseUint(f[i], 10, 32)
			return uint32(n)
		}
		switch f[0] {
		case "mss":
			in.MSS = uint16(arg(1))
		case "wscale":
			in.Scale = int8(arg(1))
		case "sackOK":
			in.SACKPermitted = true
		case "TS":
			in.Timestamps, in.TSVal, in.TSEcr = true, arg(2), arg(4)
		case "sack":
			for _, r := range f[1:] {
				a, b, _ := strings.Cut(r, ":")
				x, _ := strconv.ParseUint(a, 10, 32)
				y, _ := strconv.ParseUint(b, 10, 32)
				in.SACK[in.NSACK] = segment.Range{Start: scriptISS + segment.Number(x), End: scriptISS + segment.Number(y)}
				in.NSACK++
			}
		case "nop", "eol":
		default:
			return fmt.Errorf("unknown option %q", f[0])
		}
	}
	s.note(s.deliver(&in))
	return nil
}
