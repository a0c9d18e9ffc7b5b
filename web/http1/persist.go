package http1

import (
	"strconv"

	"vitrine/trace"
	"vitrine/web/message"
)

// Options are the connection options that matter for persistence (RFC 9112 §9.3).
type Options struct {
	Close     bool // "close"
	KeepAlive bool // "keep-alive", of HTTP/1.0
	Upgrade   bool // "upgrade"
}

// ConnectionOptions reads the Connection fields of a message token by token: "close" is not in "not-close".
func ConnectionOptions(f *message.Fields) (o Options) {
	if !f.Has(message.Connection) {
		return o
	}
	for value := range f.All(message.Connection) {
		for option := range message.Tokens(value) {
			switch {
			case message.EqualFold(option, "close"):
				o.Close = true
			case message.EqualFold(option, "keep-alive"):
				o.KeepAlive = true
			case message.EqualFold(option, "upgrade"):
				o.Upgrade = true
			}
		}
	}
	return o
}

// PersistInput is what decides whether a server keeps a connection after a response.
type PersistInput struct {
	Minor         uint8   // the request's version is HTTP/1.Minor
	Options       Options // of the request
	ResponseClose bool    // whoever answers asked for the end: Connection: close in the response
	Framing       Framing // of the response
	Requests      int     // on this connection so far, this one included
	MaxRequests   int     // 0: no bound
	Draining      bool    // the server is stopping
	Faulty        bool    // the request was not understood, or either message did not keep to its framing
	Unread        bool    // some of the request's content has not been received and will not be waited for
}

// Persist decides whether the connection stays after this response, and why. When it does not, the server closes
// first, after the response has been sent whole: that is so for every reason not to keep it (RFC 9112 §9.6).
func Persist(in PersistInput) (keep bool, why *trace.Reason) {
	switch {
	case in.Faulty:
		return false, reasonCloseError.Reach()
	case in.Unread:
		return false, reasonCloseUnread.Reach()
	case in.Options.Close:
		return false, reasonCloseClient.Reach()
	case in.Minor == 0 && !in.Options.KeepAlive:
		return false, reasonCloseOld.Reach()
	case in.Framing == UntilEnd || in.Framing == Chunked && in.Minor == 0:
		return false, reasonCloseUnknown.Reach()
	case in.ResponseClose:
		return false, reasonCloseResponse.Reach()
	case in.MaxRequests > 0 && in.Requests >= in.MaxRequests:
		return false, reasonCloseRequests.Reach()
	case in.Draining:
		return false, reasonCloseDrain.Reach()
	case in.Minor == 0:
		return true, reasonKeepAsked.Reach()
	}
	return true, reasonKeep.Reach()
}

// AppendConnection appends the field lines that tell a client of HTTP/1.minor whether the connection stays: close for
// every client when it does not; keep-alive for HTTP/1.0 when it does, with the seconds it may be idle and the
// requests it may still carry (0: not said). HTTP/1.1 takes the silence for a yes (RFC 9112 §9.3, RFC 2068 §19.7.1).
func AppendConnection(dst []byte, minor uint8, keep bool, timeout, requests int) []byte {
	if !keep {
		return append(dst, "Connection: close\r\n"...)
	}
	if minor > 0 {
		return dst
	}
	dst = append(dst, "Connection: keep-alive\r\n"...)
	if timeout <= 0 && requests <= 0 {
		return dst
	}
	dst = append(dst, "Keep-Alive: "...)
	if timeout > 0 {
		dst = strconv.AppendInt(append(dst, "timeout="...), int64(timeout), 10)
	}
	if requests > 0 {
		if timeout > 0 {
			dst = append(dst, ", "...)
		}
		dst = strconv.AppendInt(append(dst, "max="...), int64(requests), 10)
	}
	return append(dst, '\r', '\n')
}
