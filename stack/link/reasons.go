package link

import "vitrine/trace"

// What the Card does with a frame before a driver sees it.
var (
	reasonFCS = trace.Declare("link.fcs", trace.Refused,
		"The frame's check sequence does not match its bytes: it was damaged on the wire.", "IEEE 802.3 §3.2.9")
	reasonRunt = trace.Declare("link.runt", trace.Refused,
		"The frame is shorter than any frame may be.", "IEEE 802.3 §3.4")
	reasonGiant = trace.Declare("link.giant", trace.Refused,
		"The frame is longer than the interface's MTU allows.", "IEEE 802.3 §3.2.7")
	reasonForeign = trace.Declare("link.foreign", trace.Refused,
		"The frame is for another station's MAC address, or for a group that was not joined.", "IEEE 802.3 §4.2.4.1.1")
	reasonSource = trace.Declare("link.group-source", trace.Refused,
		"The frame claims to come from a group address, from which no station sends.", "IEEE 802.3 §3.2.3")
	reasonModerated = trace.Declare("link.moderated", trace.Info,
		"A frame has arrived so soon after the last interrupt that it waits for others to be noticed with it.", "")
)

// What adapters do.
var (
	reasonOverrun = trace.Declare("link.overrun", trace.Failed,
		"The receive ring was full, so the frame was lost.", "")
	reasonMalformed = trace.Declare("link.malformed", trace.Failed,
		"The kernel gave a frame that was cut short, or whose offload header makes no sense with it.", "virtio 1.2 §5.1.6")
	reasonRefused = trace.Declare("link.refused", trace.Failed,
		"The kernel refused a frame that was to be sent, so it was lost.", "")
	reasonDown = trace.Declare("link.down", trace.Failed,
		"The interface is down: nothing is sent or received until it is up again.", "")
	reasonDetour = trace.Declare("link.detour", trace.Info,
		"The device cannot cut super-segments itself, so frames take the kernel's ordinary way to it, where they are cut.", "")
	reasonFull = trace.Declare("link.full", trace.Info,
		"The transmit ring is full; what is to be sent waits.", "")
)

// What instruments do.
var (
	reasonLeftOut = trace.Declare("link.capture.left-out", trace.Info,
		"Whoever reads the capture is too slow, so the frame is not in it. The frame itself went on.", "")
	reasonLoss = trace.Declare("link.impair.loss", trace.Info,
		"The frame was lost on purpose.", "")
	reasonDuplicate = trace.Declare("link.impair.duplicate", trace.Info,
		"The frame was doubled on purpose.", "")
	reasonReorder = trace.Declare("link.impair.reorder", trace.Info,
		"The frame was held back on purpose, until others had overtaken it.", "")
	reasonCorrupt = trace.Declare("link.impair.corrupt", trace.Info,
		"One bit of the frame was turned over on purpose.", "")
	reasonQueue = trace.Declare("link.impair.queue", trace.Info,
		"The queue before the link of limited rate was full, so the frame was lost, as on any bottleneck.", "")
	reasonCutShort = trace.Declare("link.replay.cut-short", trace.Info,
		"The capture file holds only the beginning of the frame, so it is not replayed.", "draft-ietf-opsawg-pcapng §4.3")
)
