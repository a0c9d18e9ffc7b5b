// Package bsd is the stack behind the calls that every book on network programming teaches: socket, bind, listen, accept,
// connect, read, write, shutdown, close, getsockopt, setsockopt, getsockname, getpeername and poll, on small-integer
// descriptors, with Linux's rules on what may be called when and Linux's errno where it may not.
//
// A Table is one program's descriptors. bind records the address and port and takes the port; listen marks the socket as
// waiting, and from then on it can do nothing else; accept waits for a connection and yields a copy of the listening
// socket for it, with its options; connect picks a free local port if bind has not (RFC 6056), never one whose four-tuple
// is alive or in TIME_WAIT; shutdown closes one direction; close closes both and frees the descriptor.
//
// Errors are always a syscall.Errno. Addresses are netip.AddrPort. All calls may be made concurrently, also on the same
// descriptor; concurrent reads of one stream, as concurrent writes, take turns. The shards of the stack have to run, by
// Stack.Start or by loops of somebody else's.
//
// Where it differs from Linux: close wakes who is blocked on the descriptor, with EBADF. Buffer sizes are what was set,
// not twice that, and are those of the queues between the caller and the stack, beside TCP's own buffers, which tune
// themselves. A port whose connections rest in TIME_WAIT may always be bound, so SO_REUSEADDR is taken and changes
// nothing. A stream is not disconnected by connecting it to nowhere. What arrives after the receiving direction was shut
// is dropped. There is no out-of-band data, no ancillary data and no credentials. Options whose effect would be missing
// are refused with ENOPROTOOPT.
package bsd
