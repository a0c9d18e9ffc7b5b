package message

// Method numbers the methods of RFC 9110 and PATCH (RFC 5789). OtherMethod is every other token.
type Method uint8

const (
	OtherMethod Method = iota
	GET
	HEAD
	POST
	PUT
	DELETE
	CONNECT
	OPTIONS
	TRACE
	PATCH
)

var methodNames = [...]string{"", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"}

// String is the method's name, "" for OtherMethod.
func (m Method) String() string { return methodNames[m] }

// Safe reports whether the method is defined as read-only (RFC 9110 §9.2.1).
func (m Method) Safe() bool { return m == GET || m == HEAD || m == OPTIONS || m == TRACE }

// Idempotent reports whether repeating the method has the effect of sending it once (RFC 9110 §9.2.2).
func (m Method) Idempotent() bool { return m.Safe() || m == PUT || m == DELETE }

// LookupMethod is the number of a method's token, or OtherMethod. Methods are case-sensitive (RFC 9110 §9.1).
func LookupMethod(token []byte) Method {
	switch string(token) {
	case "GET":
		return GET
	case "HEAD":
		return HEAD
	case "POST":
		return POST
	case "PUT":
		return PUT
	case "DELETE":
		return DELETE
	case "CONNECT":
		return CONNECT
	case "OPTIONS":
		return OPTIONS
	case "TRACE":
		return TRACE
	case "PATCH":
		return PATCH
	}
	return OtherMethod
}
