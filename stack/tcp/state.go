package tcp

// State is a connection's state (RFC 9293 §3.3.2). LISTEN belongs to the layer above, which keeps listeners.
type State uint8

// The states, in the order in which most connections pass through them.
const (
	StateClosed State = iota
	StateSynSent
	StateSynReceived
	StateEstablished
	StateFinWait1
	StateFinWait2
	StateCloseWait
	StateClosing
	StateLastAck
	StateTimeWait
)

var stateNames = [...]string{"CLOSED", "SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2",
	"CLOSE_WAIT", "CLOSING", "LAST_ACK", "TIME_WAIT"}

// String is the state's name as people write it, such as "ESTABLISHED".
func (s State) String() string { return stateNames[s] }

// synchronized reports whether both ends know each other's sequence numbers (RFC 9293 §3.3.2).
func (s State) synchronized() bool { return s >= StateEstablished }

// maySend reports whether the application may still write.
func (s State) maySend() bool {
	return s == StateEstablished || s == StateCloseWait || s == StateSynSent || s == StateSynReceived
}

// mayReceive reports whether data from the peer is still to come (RFC 9293 §3.10.7.4, seventh).
func (s State) mayReceive() bool {
	return s == StateEstablished || s == StateFinWait1 || s == StateFinWait2
}

// Event is what happened to a connection since Events was last asked: a set.
type Event uint8

// The events.
const (
	EventConnected  Event = 1 << iota // the handshake is complete
	EventReadable                     // there are bytes to read that were not there before
	EventWritable                     // there is room again after Room was too small
	EventPeerClosed                   // the peer will send nothing more; what it sent may still be unread
	EventReset                        // the connection was destroyed: Why tells by whom and for what
	EventClosed                       // the machine is done and may be forgotten
	EventTimeWait                     // the machine is done but for TIME_WAIT: take the record with TimeWait, forget the Conn
)

// Path is what is known about the way to the peer.
type Path struct {
	MSS             int    // the largest segment without options: MTU less 40 (IPv4) or 60 (IPv6)
	Super           int    // the largest payload of a super-segment that the adapter cuts itself; 0: none
	TimestampOffset uint32 // what Host.TimestampOffset gives for the pair of addresses: conceals the uptime (RFC 7323 §5.4)
}
