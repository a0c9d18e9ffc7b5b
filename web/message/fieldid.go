package message

// FieldID numbers the field names that the program itself reads, so that they are compared once, when they arrive.
type FieldID uint8

// FieldSet is a set of FieldIDs.
type FieldSet uint64

// Has reports whether the set contains the FieldID.
func (s FieldSet) Has(id FieldID) bool { return s&(1<<id) != 0 }

// The known names. OtherField is every other one.
const (
	OtherField FieldID = iota
	Accept
	AcceptCharset
	AcceptEncoding
	AcceptLanguage
	Age
	Allow
	Authorization
	CacheControl
	Connection
	ContentEncoding
	ContentLanguage
	ContentLength
	ContentLocation
	ContentRange
	ContentType
	Cookie
	Date
	ETag
	Expect
	Expires
	Forwarded
	From
	Host
	IfMatch
	IfModifiedSince
	IfNoneMatch
	IfRange
	IfUnmodifiedSince
	KeepAlive
	LastModified
	Location
	MaxForwards
	Origin
	Pragma
	ProxyAuthorization
	ProxyConnection
	Range
	Referer
	RetryAfter
	Server
	SetCookie
	TE
	Trailer
	TransferEncoding
	Upgrade
	UserAgent
	Vary
	Via
	XForwardedFor
	XForwardedProto

	fieldIDs = iota
)

// Set makes a FieldSet.
func Set(ids ...FieldID) FieldSet {
	var s FieldSet
	for _, id := range ids {
		s |= 1 << id
	}
	return s
}

// Secrets are the fields whose values are credentials (RFC 9110 §11.6.2, §11.7.2, RFC 6265 §4): they are shown to nobody and
// recorded nowhere, unless somebody asks for it.
const Secrets FieldSet = 1<<Authorization | 1<<ProxyAuthorization | 1<<Cookie | 1<<SetCookie

// Secret reports whether a field, its name in any case, is one of Secrets, or the server's own proof that it knows the password
// (RFC 7616 §3.5), by which that can be guessed as well as by the client's.
func Secret(name string) bool {
	return Secrets.Has(LookupFieldIDString(name)) || EqualFold(name, "Authentication-Info") || EqualFold(name, "Proxy-Authentication-Info")
}

// fieldNames has the canonical spellings, in the order of the FieldIDs.
var fieldNames = [fieldIDs]string{
	"", "Accept", "Accept-Charset", "Accept-Encoding", "Accept-Language", "Age", "Allow", "Authorization",
	"Cache-Control", "Connection", "Content-Encoding", "Content-Language", "Content-Length", "Content-Location",
	"Content-Range", "Content-Type", "Cookie", "Date", "ETag", "Expect", "Expires", "Forwarded", "From", "Host",
	"If-Match", "If-Modified-Since", "If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive",
	"Last-Modified", "Location", "Max-Forwards", "Origin", "Pragma", "Proxy-Authorization", "Proxy-Connection",
	"Range", "Referer", "Retry-After", "Server", "Set-Cookie", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
	"User-Agent", "Vary", "Via", "X-Forwarded-For", "X-Forwarded-Proto",
}

// String is the name in its canonical spelling, "" for OtherField.
func (id FieldID) String() string { return fieldNames[id] }

// fieldSlots finds the one known name that a name can be equal to: fieldSlot is different for each of them.
var fieldSlots = func() (slots [128]FieldID) {
	for id := OtherField + 1; id < fieldIDs; id++ {
		name := fieldNames[id]
		slot := fieldSlot(len(name), name[0], name[len(name)/2], name[len(name)-1])
		if slots[slot] != OtherField {
			panic("message: " + name + " and " + slots[slot].String() + " share a slot: choose other factors")
		}
		slots[slot] = id
	}
	return
}()

// fieldSlot mixes a name's length with its first, middle and last byte, whatever their case. The factors were found
// by trying until no two known names shared a slot.
func fieldSlot(n int, first, middle, last byte) uint8 {
	return (byte(n)*75 ^ (first|0x20)*60 ^ (middle|0x20)*26 ^ (last|0x20)*7) & 127
}

// LookupFieldID is the number of a field name in any case, or OtherField. It does not allocate.
func LookupFieldID(name []byte) FieldID { return lookupField(name) }

// LookupFieldIDString is LookupFieldID for a string.
func LookupFieldIDString(name string) FieldID { return lookupField(name) }

func lookupField[T string | []byte](name T) FieldID {
	n := len(name)
	if n == 0 {
		return OtherField
	}
	id := fieldSlots[fieldSlot(n, name[0], name[n/2], name[n-1])]
	if string(name) == fieldNames[id] || EqualFold(name, fieldNames[id]) {
		return id
	}
	return OtherField
}
