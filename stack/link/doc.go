// Package link is where frames enter and leave the program: adapters (a TAP interface, a packet socket, a wire in memory,
// a capture file), wrappers that look like adapters and observe or disturb what passes (Capture, Impair, Trace), and the
// Card, which does with a frame what the hardware of a LAN adapter does before a driver sees it.
//
//	Adapter ── Queue ──┐                      the adapter's ring, one a core
//	                   │  Capture, Impair, Trace wrap the Adapter and are one
//	                   ▼
//	                  Card                    1. FCS  2. destination MAC  3. memory  4. notice
//	                   ▼
//	              the stack's shard           reads the EtherType
//
// What the media carry. The wire in memory carries the frame check sequence of IEEE 802.3 §3.2.9, and the Card checks and
// makes it. TAP interfaces and packet sockets do not carry it: the kernel, or the hardware, has checked and cut it off.
//
// Offloads are an adapter's property (Info.Offloads). A TAP interface and a packet socket take TCP super-segments of up to
// 64 KiB whole and leave checksums to whoever cuts them, and give such frames too. In wire mode they do neither, so that each
// frame is one that a cable could carry.
//
// What is not done: jumbo super-segments beyond 64 KiB (BIG TCP), UDP segmentation offload, VLANs (a tagged frame is given
// with its tag; the stack drops it), flow control frames (IEEE 802.3 annex 31B), and bonding.
package link
