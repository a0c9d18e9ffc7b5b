package message

// tchar marks the bytes of a token (RFC 9110 §5.6.2).
var tchar = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return
}()

// lower maps the letters of ASCII to lower case and every other byte to itself.
var lower = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return
}()

// IsTokenByte reports whether the byte may stand in a token (RFC 9110 §5.6.2).
func IsTokenByte(c byte) bool { return tchar[c] }

// IsToken reports whether s is a token (RFC 9110 §5.6.2): a method, a field name, a connection option.
func IsToken[T string | []byte](s T) bool {
	for i := 0; i < len(s); i++ {
		if !tchar[s[i]] {
			return false
		}
	}
	return len(s) > 0
}

// IsValueByte reports whether the byte may stand in a field value: visible ASCII, SP, HTAB and obs-text
// (RFC 9110 §5.5), and so never CR, LF or NUL.
func IsValueByte(c byte) bool { return c >= ' ' && c != 0x7f || c == '\t' }

// eachByte has a one in each byte of a word.
const eachByte = 0x0101010101010101

// IsValue reports whether every byte of s may stand in a field value (RFC 9110 §5.5).
func IsValue[T string | []byte](s T) bool {
	for len(s) >= 8 { // eight at a time; the compiler makes one load of it
		w := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		del := w ^ 0x7f*eachByte
		// The high bit of a byte that is less than SP, or DEL; a borrow may mark one more, which is then looked at alone.
		if ((w-' '*eachByte)&^w|(del-eachByte)&^del)&(0x80*eachByte) != 0 {
			break
		}
		s = s[8:]
	}
	for i := 0; i < len(s); i++ {
		if !IsValueByte(s[i]) {
			return false
		}
	}
	return true
}

// Trim takes the optional white space, SP and HTAB, off both ends (RFC 9110 §5.6.3).
func Trim[T string | []byte](s T) T {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}

// EqualFold compares without regard to the case of ASCII letters, and of nothing else: field names, hosts and
// connection options are compared so.
func EqualFold[A, B string | []byte](a A, b B) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if lower[a[i]] != lower[b[i]] {
			return false
		}
	}
	return true
}

// unhex is the value of a hexadecimal digit, or 255.
var unhex = func() (t [256]byte) {
	for i := range t {
		switch {
		case '0' <= i && i <= '9':
			t[i] = byte(i - '0')
		case 'a' <= i && i <= 'f':
			t[i] = byte(i - 'a' + 10)
		case 'A' <= i && i <= 'F':
			t[i] = byte(i - 'A' + 10)
		default:
			t[i] = 255
		}
	}
	return
}()
