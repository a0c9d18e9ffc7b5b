package recovery

import "time"

// Names of the congestion controls that Config.Congestion chooses from.
const (
	Cubic = "cubic" // RFC 9438
	Reno  = "reno"  // RFC 5681
)

// Config is what the Senders of a host share. It is read only once Senders use it; Default makes a complete one.
type Config struct {
	Congestion    string // Cubic or Reno; empty means Cubic
	InitialWindow int    // segments, RFC 6928 §2
	InitialRTO    int64  // nanoseconds, before the first sample, RFC 6298 §2.1
	MinRTO        int64  // nanoseconds; 200 ms as Linux, where RFC 6298 §2.4 asks for a second
	MaxRTO        int64  // nanoseconds, RFC 6298 §2.5
	DelayedACK    int64  // nanoseconds for which the peer may hold an acknowledgement back, RFC 8985 §7.2
	MaxWindow     int    // bytes that the congestion window never exceeds
	MaxRecords    int    // records of ranges in flight per connection; beyond it they are no longer split
	GrowthLimit   int    // segments by which one acknowledgement enlarges the window in slow start at most, RFC 3465 §2.2
	HyStart       bool   // leave slow start when the round-trip time grows, RFC 9406
}

// Default is the configuration for the Internet at large.
func Default() Config {
	return Config{
		Congestion:    Cubic,
		InitialWindow: 10,
		InitialRTO:    int64(time.Second),
		MinRTO:        int64(200 * time.Millisecond),
		MaxRTO:        int64(120 * time.Second),
		DelayedACK:    int64(200 * time.Millisecond),
		MaxWindow:     1 << 30,
		MaxRecords:    8192,
		GrowthLimit:   44,
		HyStart:       true,
	}
}
