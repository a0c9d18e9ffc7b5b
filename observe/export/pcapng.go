package export

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"vitrine/observe/frames"
	"vitrine/observe/journey"
	"vitrine/stack/link"
)

// PCAPNG writes a capture file (draft-ietf-opsawg-pcapng) with the frames of journeys, in the order of time and each once,
// with comments that say which journeys it was part of, and how the state of their connections changed with it. find gives
// the frames that were recorded of a journey. Where there are none, such as on the kernel's sockets, frames are made up from
// what was recorded of the request, on an interface of its own, and each of them says so.
//
// Frames are cut as they were recorded, with the length that they had, and bodies and secret values are in none.
func PCAPNG(w io.Writer, all []*journey.Journey, find func(*journey.Journey) *frames.Sequence, o Options) error {
	x := capture{captured: make(map[frameName]*captured), interfaces: make(map[string]int)}
	var without []*journey.Journey
	name := "vitrine"
	if o.Version != "" {
		name += " " + o.Version
	}
	x.w = link.NewCaptureWriter(w, name, "What vitrine recorded of its requests. The comments of a frame name the requests that it was part of.")
	for _, j := range all {
		var s *frames.Sequence
		if find != nil {
			s = find(j)
		}
		if s == nil || !x.add(j, s) {
			without = append(without, j)
		}
	}
	x.finish()
	if len(without) > 0 {
		on := x.w.Interface(link.CaptureInterface{
			Name: "reconstructed", Description: "reconstructed by vitrine from what it recorded of requests; nothing on it was captured", Snap: 1 << 18,
			Comment: "These frames never passed a network. Addresses, ports, times, heads of requests and responses and lengths are those" +
				" that vitrine recorded; sequence numbers, hardware addresses and the sizes of segments are made up, and bodies are missing.",
		})
		x.packets = append(x.packets, reconstruct(without, on)...)
	}
	slices.SortStableFunc(x.packets, func(a, b link.CapturePacket) int { return cmp.Compare(a.Nanos, b.Nanos) })
	for i := range x.packets {
		x.w.Packet(&x.packets[i])
	}
	return x.w.Flush()
}

type capture struct {
	w          *link.CaptureWriter
	interfaces map[string]int
	captured   map[frameName]*captured
	order      []*captured
	packets    []link.CapturePacket
}

// frameName tells frames apart: several journeys share those of their connection.
type frameName struct {
	on     int
	queue  int
	serial uint64
}

// captured is a frame with what is said of it.
type captured struct {
	on       int
	f        *frames.Frame
	data     []byte // what is shown of it
	changed  bool
	journeys []string
	more     int // journeys beyond the bound
	states   []string
}

// Bounds on what is said of one frame: the first frame of a connection is part of all of its journeys.
const (
	mostComments = 8
	mostStates   = 8
)

// add takes the frames of a journey in; false: there is none.
func (x *capture) add(j *journey.Journey, s *frames.Sequence) bool {
	about := journeyText(j)
	var last *captured
	var before []string // changes of state that came first
	any := false
	for i := range s.Frames {
		f := &s.Frames[i]
		if f.Data == nil {
			text := stateText(f)
			if last != nil {
				last.state(text)
			} else {
				before = append(before, text)
			}
			continue
		}
		on := x.on(s)
		name := frameName{on, f.Queue, f.Serial}
		c := x.captured[name]
		if c == nil {
			c = &captured{on: on, f: f, data: f.Data[:min(f.Head, len(f.Data))]}
			x.captured[name] = c
			x.order = append(x.order, c)
		}
		any, last = true, c
		for _, text := range before {
			c.state(text)
		}
		before = nil
		if f.Own {
			c.part(about)
			if data, changed := shown(f, j); len(data) > len(c.data) {
				c.data, c.changed = data, changed
			}
		}
	}
	return any
}

// on is the interface of what passed an adapter.
func (x *capture) on(s *frames.Sequence) int {
	a := &s.Adapter
	if i, there := x.interfaces[a.Name]; there {
		return i
	}
	i := link.CaptureInterface{Name: a.Name, Description: a.Kind, MAC: a.MAC, Snap: 1 << 18, FCS: a.FCS, Comment: "Frames are as vitrine kept them: only" +
		" their beginnings without bodies and secret values, and not those that were forgotten since."}
	if a.Offloads.RxChecksum || a.Offloads.TxChecksum {
		i.Comment += " The adapter fills in checksums and cuts super-segments: frames are shown as the stack gives and takes them, so checksums may be incomplete."
	}
	x.interfaces[a.Name] = x.w.Interface(i)
	return x.interfaces[a.Name]
}

func (c *captured) part(about string) {
	if len(c.journeys) < mostComments {
		c.journeys = append(c.journeys, about)
	} else {
		c.more++
	}
}

func (c *captured) state(text string) {
	if len(c.states) < mostStates && !slices.Contains(c.states, text) {
		c.states = append(c.states, text)
	}
}

// finish makes packets of the frames.
func (x *capture) finish() {
	for _, c := range x.order {
		p := link.CapturePacket{Interface: c.on, Nanos: c.f.At.UnixNano(), Data: c.data, Bytes: max(c.f.Bytes, len(c.f.Data)), Out: c.f.Out}
		p.Comments = append(p.Comments, c.journeys...)
		if c.more > 0 {
			p.Comments = append(p.Comments, fmt.Sprintf("and %d more journeys on this connection", c.more))
		}
		p.Comments = append(p.Comments, c.states...)
		if c.f.Pieces > 1 {
			p.Comments = append(p.Comments, fmt.Sprintf("super-segment: %d segments of up to %d bytes, which the adapter cuts or has put together", c.f.Pieces, c.f.Piece))
		}
		if c.changed {
			p.Comments = append(p.Comments, starred)
		}
		x.packets = append(x.packets, p)
	}
	x.captured, x.order = nil, nil
}

// journeyText names a journey in a comment: what was asked, what was answered, and why.
func journeyText(j *journey.Journey) string {
	var b strings.Builder
	fmt.Fprintf(&b, "journey %s; %s %s → ", j.ID, orDash(clip(j.Method)), orDash(clip(j.Target)))
	if j.Status == 0 {
		b.WriteString("no answer")
	} else {
		fmt.Fprintf(&b, "%d", j.Status)
	}
	between := " "
	for i, why := range j.Reasons {
		if why == nil {
			continue
		}
		b.WriteString(between + why.ID)
		if i < len(j.Positions) && j.Positions[i] != nil && !j.Positions[i].IsZero() {
			b.WriteString(" (" + j.Positions[i].String() + ")")
		}
		between = ", "
	}
	if j.Failure != nil {
		b.WriteString("; failed: " + j.Failure.ID)
	}
	return printable(b.String())
}

func stateText(f *frames.Frame) string {
	text := f.Text
	if f.Why != nil {
		text += ": " + f.Why.ID
	}
	return text
}

// clip is the beginning of what a client wrote: a comment is on every frame, and the whole is in one of them.
func clip(s string) string {
	const enough = 200
	if len(s) > enough {
		return s[:enough] + "…"
	}
	return s
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// printable keeps what a client wrote from being more than text where comments are shown.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, s)
}
