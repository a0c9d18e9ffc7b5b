package tcp

import (
	"time"

	"vitrine/stack/tcp/recovery"
)

// Config is what all connections of a Host share. Default makes a complete one; zero values do not mean defaults.
type Config struct {
	Recovery recovery.Config

	// Options offered to peers. Turning one off is for tests and for broken paths.
	Timestamps, SACK, WindowScale bool

	// Receiving.
	ReceiveWindow    int  // bytes offered at first; with AutoTune it grows from here
	ReceiveWindowMax int  // bytes that auto-tuning never exceeds
	AutoTune         bool // grow the receive window to twice what the application reads in a round trip
	OutOfOrderPieces int  // separate pieces of data with gaps between them, per connection
	OutOfOrderBytes  int  // bytes of memory for them, per connection
	ReceiveMemory    int  // bytes of memory for received data of all connections of the Host

	// Sending.
	SendBuffer    int   // bytes that may be queued at first; it grows with the congestion window
	SendBufferMax int   // bytes that it never exceeds
	NoDelay       bool  // Nagle's algorithm is off from the start
	CorkLimit     int64 // nanoseconds for which a corked partial segment is held back at most

	// Acknowledging.
	DelayedACK int64 // nanoseconds for which an acknowledgement waits for company at most (RFC 1122 §4.2.3.2: below 500 ms)
	QuickACKs  int   // full segments at the start of a connection that are acknowledged at once

	// Endings and retries. Times in nanoseconds.
	TimeWait         int64 // how long a TIME_WAIT record lives: 2 MSL
	SynRetries       int   // SYNs sent again before a connect fails
	SynAckRetries    int   // SYN-ACKs sent again before a half-open connection is forgotten
	Retries          int   // time-outs in a row without progress before the connection is given up (RFC 1122 §4.2.3.5 R2)
	OrphanRetries    int   // the same once the application has closed
	FinWait2         int64 // how long a closed connection waits for the peer's FIN
	UserTimeout      int64 // how long sent data may stay unacknowledged (RFC 5482); 0: Retries alone decide
	KeepAliveIdle    int64 // quiet time before the first keep-alive probe, where keep-alive is on
	KeepAliveEvery   int64 // time between probes
	KeepAliveProbes  int   // unanswered probes before the connection is given up
	OrphanStall      int64 // how long a closed connection may make no progress with what is left to send
	ChallengeACKs    int   // challenge ACKs a second for the whole Host at most; at least half as many (RFC 5961 §7)
	ChallengeSpacing int64 // least time between two answers to out-of-window segments of one connection; two round trips where that is longer
}

// Default is the configuration for the Internet at large, with Linux's values where the standards leave a choice.
func Default() Config {
	return Config{
		Recovery:         recovery.Default(),
		Timestamps:       true,
		SACK:             true,
		WindowScale:      true,
		ReceiveWindow:    64 << 10,
		ReceiveWindowMax: 6 << 20,
		AutoTune:         true,
		OutOfOrderPieces: 1024,
		OutOfOrderBytes:  12 << 20,
		ReceiveMemory:    256 << 20,
		SendBuffer:       256 << 10,
		SendBufferMax:    4 << 20,
		CorkLimit:        int64(200 * time.Millisecond),
		DelayedACK:       int64(40 * time.Millisecond),
		QuickACKs:        16,
		TimeWait:         int64(60 * time.Second),
		SynRetries:       6,
		SynAckRetries:    5,
		Retries:          15,
		OrphanRetries:    8,
		OrphanStall:      int64(5 * time.Minute),
		FinWait2:         int64(60 * time.Second),
		KeepAliveIdle:    int64(2 * time.Hour),
		KeepAliveEvery:   int64(75 * time.Second),
		KeepAliveProbes:  9,
		ChallengeACKs:    1000,
		ChallengeSpacing: int64(500 * time.Millisecond),
	}
}
