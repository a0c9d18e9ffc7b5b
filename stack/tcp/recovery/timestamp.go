package recovery

// Timestamp is the clock of the timestamp option, in milliseconds (RFC 7323 §5.4). The connection sends
// Timestamp(now) plus an offset of its own, and takes the offset away from what the peer echoes before Acked sees it.
func Timestamp(now int64) uint32 { return uint32(now / 1e6) }
