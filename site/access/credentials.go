package access

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"unicode/utf8"

	"vitrine/web/message"
)

// Bounds of what is looked at in an Authorization field.
const (
	mostCredentials = 8 << 10 // bytes of the field
	mostPassword    = 1 << 10
	mostUser        = 256
	mostParameters  = 24
)

// ErrCredentials says that an Authorization field is malformed. It says nothing of what is in it.
var ErrCredentials = errors.New("the credentials cannot be read")

// Scheme is the scheme of an Authorization field, and what follows it.
func Scheme(value []byte) (scheme, rest []byte) {
	i := bytes.IndexByte(value, ' ')
	if i < 0 {
		return value, nil
	}
	return value[:i], bytes.TrimLeft(value[i:], " ")
}

// ParseBasic reads what follows the scheme Basic (RFC 7617 §2): the name and the password.
func ParseBasic(rest []byte) (user, password string, err error) {
	if len(rest) == 0 || len(rest) > mostCredentials {
		return "", "", ErrCredentials
	}
	encoding := base64.StdEncoding.Strict()
	if len(rest)%4 != 0 { // some leave the padding out
		encoding = base64.RawStdEncoding.Strict()
	}
	text := make([]byte, encoding.DecodedLen(len(rest)))
	n, err := encoding.Decode(text, rest)
	if err != nil || bytes.ContainsAny(rest, "\r\n") {
		return "", "", ErrCredentials
	}
	name, secret, ok := bytes.Cut(text[:n], []byte{':'})
	if !ok || len(name) > mostUser || len(secret) > mostPassword || hasControl(name) || hasControl(secret) || !utf8.Valid(name) {
		return "", "", ErrCredentials
	}
	return string(name), string(secret), nil
}

func hasControl(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return true
		}
	}
	return false
}

// Digest is what a client sends with the scheme Digest (RFC 7616 §3.4). The texts are without quotes and escapes.
type Digest struct {
	User      string
	Hashed    bool // User is a hash of it
	Realm     string
	Nonce     string
	URI       string
	Response  string
	Algorithm string // as sent; empty is MD5
	CNonce    string
	NC        uint32
	NCText    string
	QOP       string
}

// ParseDigest reads what follows the scheme Digest. Each parameter may stand there once, and those that a proof with
// qop=auth needs must.
func ParseDigest(rest []byte) (d Digest, err error) {
	if len(rest) > mostCredentials {
		return d, ErrCredentials
	}
	var seen [mostParameters]string
	n := 0
	extended := ""
	var opaque, hashed string
	for {
		rest = skipList(rest)
		if len(rest) == 0 {
			break
		}
		var name, value string
		if name, value, rest, err = parameter(rest); err != nil || n == mostParameters {
			return d, ErrCredentials
		}
		for _, before := range seen[:n] {
			if before == name {
				return d, ErrCredentials
			}
		}
		seen[n], n = name, n+1
		switch name {
		case "username":
			d.User = value
		case "username*":
			extended = value
		case "realm":
			d.Realm = value
		case "nonce":
			d.Nonce = value
		case "uri":
			d.URI = value
		case "response":
			d.Response = value
		case "algorithm":
			d.Algorithm = value
		case "cnonce":
			d.CNonce = value
		case "nc":
			d.NCText = value
		case "qop":
			d.QOP = value
		case "userhash":
			hashed = value
		case "opaque":
			opaque = value
		}
	}
	_ = opaque
	switch hashed {
	case "", "false":
	case "true": // hexadecimal digits, which may be written in two ways
		d.Hashed, d.User = true, strings.ToLower(d.User)
	default:
		return d, ErrCredentials
	}
	if extended != "" {
		if d.User != "" || d.Hashed { // RFC 7616 §3.4: one of the two, and not hashed
			return d, ErrCredentials
		}
		var ok bool
		if d.User, ok = decodeExtended(extended); !ok {
			return d, ErrCredentials
		}
	}
	if d.User == "" || d.Nonce == "" || d.URI == "" || d.Response == "" || len(d.User) > mostUser || len(d.CNonce) > mostUser || !utf8.ValidString(d.User) || hasControl([]byte(d.User)) {
		return d, ErrCredentials
	}
	if d.QOP != "" {
		if d.CNonce == "" || len(d.NCText) != 8 {
			return d, ErrCredentials
		}
		for i := range 8 {
			digit, ok := unhex(d.NCText[i])
			if !ok {
				return d, ErrCredentials
			}
			d.NC = d.NC<<4 | uint32(digit)
		}
	}
	return d, nil
}

// skipList goes past commas and white space between members of a list.
func skipList(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == ',') {
		b = b[1:]
	}
	return b
}

// parameter reads name = value (RFC 9110 §11.2). The name comes in lower case.
func parameter(b []byte) (name, value string, rest []byte, err error) {
	i := 0
	for i < len(b) && message.IsTokenByte(b[i]) {
		i++
	}
	name = string(bytes.ToLower(b[:i]))
	b = bytes.TrimLeft(b[i:], " \t")
	if i == 0 || len(b) == 0 || b[0] != '=' {
		return "", "", nil, ErrCredentials
	}
	b = bytes.TrimLeft(b[1:], " \t")
	if len(b) == 0 {
		return "", "", nil, ErrCredentials
	}
	if b[0] != '"' {
		i = 0
		for i < len(b) && message.IsTokenByte(b[i]) {
			i++
		}
		value, b = string(b[:i]), b[i:]
		if i == 0 {
			return "", "", nil, ErrCredentials
		}
	} else {
		var text []byte
		i = 1
		for ; ; i++ {
			if i >= len(b) {
				return "", "", nil, ErrCredentials
			}
			if b[i] == '"' {
				break
			}
			if b[i] == '\\' {
				if i++; i >= len(b) {
					return "", "", nil, ErrCredentials
				}
			}
			text = append(text, b[i])
		}
		value, b = string(text), b[i+1:]
	}
	b = bytes.TrimLeft(b, " \t")
	if len(b) > 0 && b[0] != ',' {
		return "", "", nil, ErrCredentials
	}
	return name, value, b, nil
}

// decodeExtended reads UTF-8”name (RFC 8187 §3.2.1).
func decodeExtended(text string) (string, bool) {
	const prefix = "utf-8'"
	if len(text) < len(prefix) || !message.EqualFold(text[:len(prefix)], prefix) {
		return "", false
	}
	_, text, ok := cutByte(text[len(prefix):], '\'')
	if !ok {
		return "", false
	}
	var b []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b = append(b, text[i])
			continue
		}
		if i+2 >= len(text) {
			return "", false
		}
		high, ok := unhex(text[i+1])
		low, also := unhex(text[i+2])
		if !ok || !also {
			return "", false
		}
		b = append(b, high<<4|low)
		i += 2
	}
	return string(b), utf8.Valid(b)
}

func cutByte(s string, c byte) (before, after string, ok bool) {
	for i := range len(s) {
		if s[i] == c {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

func unhex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
