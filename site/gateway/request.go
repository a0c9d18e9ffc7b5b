package gateway

import (
	"bytes"
	"net/netip"
	"strconv"

	"vitrine/web/message"
)

// Request is what the meta-variables of a request are made of. What is empty or invalid is not known, and has no
// variable where RFC 3875 lets it be left out.
type Request struct {
	Asked    *message.Request // whose target is REQUEST_URI, when that led to Head; nil: Head
	Head     *message.Request
	Client   netip.AddrPort // who asks: the chosen client's address, not that of a proxy in front of us
	Server   netip.AddrPort // the address that the connection came in on
	Name     string         // of the server, when the request names no host
	Software string         // of the server, such as "vitrine/1.0"

	Script     []byte // the part of the decoded path that names the script, as SCRIPT_NAME
	Info       []byte // the part behind it, as PATH_INFO
	Translated string // PATH_TRANSLATED: the file that Info would be below the root
	File       string // SCRIPT_FILENAME: the script's file
	Root       string // DOCUMENT_ROOT

	Host     string // REMOTE_HOST: the client's confirmed name
	Ident    string // REMOTE_IDENT
	User     string // REMOTE_USER: who the client proved to be
	AuthType string // AUTH_TYPE: "Basic", "Digest", and so on; only with User

	// Length is that of the body as the script gets it, which may be known by now where the request did not say it;
	// -1 when it is not.
	Length int64
	// Credentials says that the script may see the request's Authorization field, and with it the user's password.
	// Without it the server keeps them to itself (RFC 3875 §4.1.18).
	Credentials bool
}

// Collect adds the meta-variables of a request to Variables that are empty.
//
// Each field of the request becomes a variable with HTTP_ before its name (RFC 3875 §4.1.18), but for these:
//
//   - A name with anything else than letters, digits and "-" is refused. "-" becomes "_", so that X_Real_IP would pose as
//     X-Real-IP, which a proxy in front may have set.
//   - Proxy is refused: as HTTP_PROXY it would send a script's own requests through whoever asks.
//   - Authorization is kept from scripts unless Credentials says otherwise, Proxy-Authorization always.
//   - Content-Length and Content-Type have variables of their own; what concerns the connection (Connection, TE,
//     Transfer-Encoding, …) and Expect was the server's business.
//
// Fields with the same name become one value, as RFC 9110 §5.3 has it; Cookie with "; " between them.
func (v *Variables) Collect(q *Request) {
	r := q.Head
	v.text("GATEWAY_INTERFACE", "CGI/1.1")
	if q.Software != "" {
		v.text("SERVER_SOFTWARE", q.Software)
	}
	v.begin("SERVER_NAME")
	if host := r.Host(); len(host) > 0 {
		v.arena = append(v.arena, host...)
	} else if q.Name != "" {
		v.arena = append(v.arena, q.Name...)
	} else {
		v.address(q.Server)
	}
	v.end()
	v.endpoint("SERVER_ADDR", "SERVER_PORT", q.Server)
	v.begin("SERVER_PROTOCOL")
	v.protocol(r)
	v.end()
	v.text("REQUEST_SCHEME", r.Scheme)
	if r.Scheme == "https" {
		v.text("HTTPS", "on")
	}
	v.bytes("REQUEST_METHOD", r.MethodBytes())
	if q.Asked != nil {
		v.bytes("REQUEST_URI", originForm(q.Asked))
	} else {
		v.bytes("REQUEST_URI", originForm(r))
	}
	v.bytes("DOCUMENT_URI", r.Path())
	v.bytes("QUERY_STRING", r.Query())
	v.bytes("SCRIPT_NAME", q.Script)
	if len(q.Info) > 0 {
		v.bytes("PATH_INFO", q.Info)
		if q.Translated != "" {
			v.text("PATH_TRANSLATED", q.Translated)
		}
	}
	if q.File != "" {
		v.text("SCRIPT_FILENAME", q.File)
	}
	if q.Root != "" {
		v.text("DOCUMENT_ROOT", q.Root)
	}
	v.endpoint("REMOTE_ADDR", "REMOTE_PORT", q.Client)
	v.who(q)
	if q.Length > 0 || q.Length == 0 && r.Fields.Has(message.ContentLength) {
		v.begin("CONTENT_LENGTH")
		v.arena = strconv.AppendInt(v.arena, q.Length, 10)
		v.end()
	}
	if r.Fields.Has(message.ContentType) {
		v.bytes("CONTENT_TYPE", r.Fields.Get(message.ContentType))
	}
	// PHP's CGI program answers nothing without it, since somebody might have asked for it past the server.
	v.text("REDIRECT_STATUS", "200")
	v.fields(r, q.Credentials)
}

func (v *Variables) who(q *Request) {
	if q.Host != "" {
		v.text("REMOTE_HOST", q.Host)
	}
	if q.Ident != "" {
		v.text("REMOTE_IDENT", q.Ident)
	}
	if q.User != "" {
		if q.AuthType != "" {
			v.text("AUTH_TYPE", q.AuthType)
		}
		v.text("REMOTE_USER", q.User)
	}
}

func (v *Variables) endpoint(address, port string, at netip.AddrPort) {
	if !at.IsValid() {
		return
	}
	v.begin(address)
	v.address(at)
	v.end()
	v.begin(port)
	v.arena = strconv.AppendUint(v.arena, uint64(at.Port()), 10)
	v.end()
}

func (v *Variables) address(at netip.AddrPort) {
	if at.IsValid() {
		v.arena = at.Addr().Unmap().WithZone("").AppendTo(v.arena)
	}
}

func (v *Variables) protocol(r *message.Request) {
	v.arena = append(v.arena, "HTTP/"...)
	v.arena = strconv.AppendUint(v.arena, uint64(r.Major), 10)
	v.arena = append(v.arena, '.')
	v.arena = strconv.AppendUint(v.arena, uint64(r.Minor), 10)
}

// originForm is the target as received, without the scheme and the authority that one in absolute form begins with.
func originForm(r *message.Request) []byte {
	raw := r.RawTarget()
	if r.Target.Form != message.AbsoluteForm {
		return raw
	}
	if i := bytes.Index(raw, []byte("://")); i >= 0 {
		rest := raw[i+3:]
		if j := bytes.IndexAny(rest, "/?"); j >= 0 && rest[j] == '/' {
			return rest[j:]
		}
	}
	return r.Path()
}

// aside are the fields that become no variable with HTTP_ before its name. Host is told from what the request is for.
var aside = message.Set(message.Authorization, message.ProxyAuthorization, message.ProxyConnection, message.Connection,
	message.KeepAlive, message.TE, message.Trailer, message.TransferEncoding, message.Upgrade, message.Expect,
	message.ContentLength, message.ContentType, message.Host)

func (v *Variables) fields(r *message.Request, credentials bool) {
	// The target's authority wins over Host (RFC 9112 §3.2.2), for scripts too.
	if host := r.Authority.Of(r.Arena()); len(host) > 0 {
		v.bytes("HTTP_HOST", host)
	}
	f := &r.Fields
	for i := range f.Len() {
		id := f.IDAt(i)
		name, value := f.At(i)
		switch {
		case id == message.OtherField:
			if !plainName(name) || message.EqualFold(name, "proxy") {
				if v.refused++; v.refused == 1 {
					v.first = string(name)
				}
				continue
			}
		case id == message.Authorization && credentials:
		case aside.Has(id):
			continue
		}
		if told(f, i, id, name) {
			continue
		}
		v.begin("HTTP_")
		v.rename(name)
		v.arena = append(v.arena, value...)
		if id == message.OtherField || f.Repeated(id) {
			v.others(f, i, id, name)
		}
		v.end()
	}
}

// plainName reports whether a field's name consists of letters, digits and "-".
func plainName(name []byte) bool {
	for _, c := range name {
		if c != '-' && (c < '0' || '9' < c) && (c|0x20 < 'a' || 'z' < c|0x20) {
			return false
		}
	}
	return true
}

// told reports whether a field stands on an earlier line too.
func told(f *message.Fields, i int, id message.FieldID, name []byte) bool {
	if id != message.OtherField && !f.Repeated(id) {
		return false
	}
	for j := range i {
		if same(f, j, id, name) {
			return true
		}
	}
	return false
}

func same(f *message.Fields, j int, id message.FieldID, name []byte) bool {
	if f.IDAt(j) != id {
		return false
	}
	if id != message.OtherField {
		return true
	}
	other, _ := f.At(j)
	return message.EqualFold(other, name)
}

// others appends the values of the field's later lines.
func (v *Variables) others(f *message.Fields, i int, id message.FieldID, name []byte) {
	for j := i + 1; j < f.Len(); j++ {
		if !same(f, j, id, name) {
			continue
		}
		if id == message.Cookie {
			v.arena = append(v.arena, "; "...) // RFC 9113 §8.2.3
		} else {
			v.arena = append(v.arena, ", "...)
		}
		_, value := f.At(j)
		v.arena = append(v.arena, value...)
	}
}

// rename appends a field's name to that of the variable which was begun: in upper case, with "_" for "-".
func (v *Variables) rename(name []byte) {
	v.arena = v.arena[:len(v.arena)-1]
	for _, c := range name {
		switch {
		case c == '-':
			c = '_'
		case 'a' <= c && c <= 'z':
			c -= 'a' - 'A'
		}
		v.arena = append(v.arena, c)
	}
	v.list[len(v.list)-1].equals = uint32(len(v.arena))
	v.arena = append(v.arena, '=')
}
