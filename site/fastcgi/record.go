package fastcgi

import "encoding/binary"

// Kind is the type of a record (FastCGI §8).
type Kind uint8

const (
	BeginRequest    Kind = 1
	AbortRequest    Kind = 2
	EndRequest      Kind = 3
	Params          Kind = 4
	Stdin           Kind = 5
	Stdout          Kind = 6
	Stderr          Kind = 7
	Data            Kind = 8
	GetValues       Kind = 9
	GetValuesResult Kind = 10
	UnknownType     Kind = 11
)

var kindNames = [...]string{"0", "BEGIN_REQUEST", "ABORT_REQUEST", "END_REQUEST", "PARAMS", "STDIN", "STDOUT", "STDERR",
	"DATA", "GET_VALUES", "GET_VALUES_RESULT", "UNKNOWN_TYPE"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

const (
	version   = 1
	id        = 1 // of the only request on the connection
	responder = 1 // the role
	keepConn  = 1 // flag: the application leaves the connection open
)

// HeaderSize is the length of a record's header in bytes, MaxContent of what one record can hold.
const (
	HeaderSize = 8
	MaxContent = 1<<16 - 1
)

// AppendHeader appends the header of a record with so many bytes of content, at most MaxContent.
func AppendHeader(dst []byte, k Kind, content int) []byte {
	return append(dst, version, byte(k), 0, id, byte(content>>8), byte(content), 0, 0)
}

// AppendBegin appends what begins a request. With keep the application leaves the connection open after it.
func AppendBegin(dst []byte, keep bool) []byte {
	dst = AppendHeader(dst, BeginRequest, 8)
	flags := byte(0)
	if keep {
		flags = keepConn
	}
	return append(dst, 0, responder, flags, 0, 0, 0, 0, 0)
}

// OpenParams appends the header of the record that holds the parameters; AppendPair adds them, and CloseParams completes
// what begins at from, the length of dst before.
func OpenParams(dst []byte) (_ []byte, from int) {
	return AppendHeader(dst, Params, 0), len(dst)
}

// AppendPair appends a name with its value (FastCGI §3.4).
func AppendPair(dst, name, value []byte) []byte {
	dst = appendLength(dst, len(name))
	dst = appendLength(dst, len(value))
	dst = append(dst, name...)
	return append(dst, value...)
}

func appendLength(dst []byte, n int) []byte {
	if n < 0x80 {
		return append(dst, byte(n))
	}
	return binary.BigEndian.AppendUint32(dst, uint32(n)|1<<31)
}

// CloseParams completes the parameters that OpenParams has begun at from, in as many records as they need, and ends their
// stream.
func CloseParams(dst []byte, from int) []byte {
	content := dst[from+HeaderSize:]
	if n := len(content); n <= MaxContent {
		binary.BigEndian.PutUint16(dst[from+4:], uint16(n))
		if n > 0 { // without any, the record is the end already
			dst = AppendHeader(dst, Params, 0)
		}
		return dst
	}
	all := append([]byte(nil), content...)
	dst = appendStream(dst[:from], Params, all)
	return AppendHeader(dst, Params, 0)
}

// AppendStdin appends a piece of the request's body; an empty one appends nothing, for it would end the body.
func AppendStdin(dst, body []byte) []byte { return appendStream(dst, Stdin, body) }

// AppendStdinEnd appends the end of the request's body.
func AppendStdinEnd(dst []byte) []byte { return AppendHeader(dst, Stdin, 0) }

// AppendAbort appends the request to give the request up (FastCGI §5.4).
func AppendAbort(dst []byte) []byte { return AppendHeader(dst, AbortRequest, 0) }

func appendStream(dst []byte, k Kind, content []byte) []byte {
	for len(content) > 0 {
		n := min(len(content), MaxContent)
		dst = AppendHeader(dst, k, n)
		dst = append(dst, content[:n]...)
		content = content[n:]
	}
	return dst
}
