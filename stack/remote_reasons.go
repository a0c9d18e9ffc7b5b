package stack

import "vitrine/trace"

// Why a connection that is used away from its shard was reset although nobody asked for it in so many words.
var (
	ClosedUnread = trace.Declare("stack.remote.unread", trace.Close,
		"The application closed a connection while bytes that it had received were unread, so the peer is told by a reset that they were lost.",
		"RFC 2525 §2.17")
	ClosedStuck = trace.Declare("stack.remote.stuck", trace.Failed,
		"Bytes written before the application closed the connection found no way to the peer for too long, so the connection is reset.",
		"")
)
