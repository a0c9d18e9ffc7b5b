package socket

// Dialer is a Poller that makes connections, on the network that its listeners are of.
type Dialer interface {
	// Dial begins a connection and returns at once; the endpoint is to be added to this poller, and Connected tells when it
	// can be used. It returns ErrWouldBlock when the peer cannot even begin to connect now, as a Unix socket whose backlog is
	// full, and may in a moment. shared says what ListenOptions.Shared does. It is called on the goroutine that
	// waits; that of a Unix socket may be called from any.
	Dial(to Address, shared bool) (Endpoint, error)
}

// Connector is an endpoint that was made by Dial.
type Connector interface {
	// Connected is nil once the connection is established, ErrWouldBlock before, and otherwise why it could not be made.
	// It is to be asked again after each event, until it is not ErrWouldBlock.
	Connected() error
}
