package access

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strconv"
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
	var extended, hashed string
	known := [...]struct {
		name string
		at   *string
	}{{"username", &d.User}, {"username*", &extended}, {"realm", &d.Realm}, {"nonce", &d.Nonce}, {"uri", &d.URI}, {"response", &d.Response},
		{"algorithm", &d.Algorithm}, {"cnonce", &d.CNonce}, {"nc", &d.NCText}, {"qop", &d.QOP}, {"userhash", &hashed}}
	seen := make([]string, 0, mostParameters)
	for rest = skipList(rest); len(rest) > 0; rest = skipList(rest) {
		var name, value string
		if name, value, rest, err = parameter(rest); err != nil || slices.Contains(seen, name) || len(seen) == mostParameters {
			return d, ErrCredentials
		}
		seen = append(seen, name)
		for i := range known {
			if known[i].name == name {
				*known[i].at = value
			}
		}
	}
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
		nc, err := strconv.ParseUint(d.NCText, 16, 32)
		if err != nil || d.CNonce == "" || len(d.NCText) != 8 {
			return d, ErrCredentials
		}
		d.NC = uint32(nc)
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
	_, text, ok := strings.Cut(text[len(prefix):], "'")
	text, err := url.PathUnescape(text)
	return text, ok && err == nil && utf8.ValidString(text)
}
