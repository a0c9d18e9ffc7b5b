package message

import (
	"net/http"
	"strings"
	"testing"
)

func TestEveryKnownNameIsFoundInAnyCase(t *testing.T) {
	for id := OtherField + 1; id < fieldIDs; id++ {
		name := id.String()
		mixed := []byte(name)
		for i := range mixed {
			if i%2 == 0 {
				mixed[i] = strings.ToLower(name)[i]
			} else {
				mixed[i] = strings.ToUpper(name)[i]
			}
		}
		for _, spelling := range []string{name, strings.ToLower(name), strings.ToUpper(name), string(mixed)} {
			if got := LookupFieldID([]byte(spelling)); got != id {
				t.Errorf("LookupFieldID(%q) = %v", spelling, got)
			}
			if got := LookupFieldIDString(spelling); got != id {
				t.Errorf("LookupFieldIDString(%q) = %v", spelling, got)
			}
		}
		if canonical := http.CanonicalHeaderKey(name); canonical != name && id != ETag && id != TE {
			t.Errorf("%q is usually written %q", name, canonical)
		}
	}
}

func TestWhatResemblesAKnownNameIsOther(t *testing.T) {
	for id := OtherField + 1; id < fieldIDs; id++ {
		name := id.String()
		others := []string{name + "s", name[1:], name[:len(name)-1], "x" + name, name + " ", " " + name}
		for i := range name {
			for _, bit := range []byte{1, 0x80, 0x40} { // 0x20 changes the case of letters
				b := []byte(name)
				b[i] ^= bit
				others = append(others, string(b))
			}
			if name[i] == '-' {
				others = append(others, name[:i]+"\r"+name[i+1:], name[:i]+"_"+name[i+1:])
			}
		}
		for _, other := range others {
			got := LookupFieldIDString(other)
			if got != OtherField && !strings.EqualFold(got.String(), other) {
				t.Errorf("%q is taken for %v", other, got)
			}
		}
	}
	for _, name := range []string{"", "-", "\u212Aeep-alive"} { // the sign of Kelvin folds to k in Unicode
		if got := LookupFieldIDString(name); got != OtherField {
			t.Errorf("%q is taken for %v", name, got)
		}
	}
}

func TestLookingUpNamesDoesNotAllocate(t *testing.T) {
	names := [][]byte{[]byte("HOST"), []byte("If-Unmodified-Since"), []byte("sec-fetch-site"), []byte("accept")}
	if n := testing.AllocsPerRun(100, func() {
		for _, name := range names {
			LookupFieldID(name)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMethodsAreCaseSensitive(t *testing.T) {
	for m := GET; m <= PATCH; m++ {
		if got := LookupMethod([]byte(m.String())); got != m {
			t.Errorf("%v is taken for %v", m, got)
		}
		if got := LookupMethod([]byte(strings.ToLower(m.String()))); got != OtherMethod {
			t.Errorf("lower-case %v is taken for %v", m, got)
		}
	}
	for _, m := range []Method{GET, HEAD, OPTIONS, TRACE} {
		if !m.Safe() || !m.Idempotent() {
			t.Errorf("%v is safe and idempotent", m)
		}
	}
	for _, m := range []Method{PUT, DELETE} {
		if m.Safe() || !m.Idempotent() {
			t.Errorf("%v is idempotent and not safe", m)
		}
	}
	for _, m := range []Method{POST, PATCH, CONNECT, OtherMethod} {
		if m.Safe() || m.Idempotent() {
			t.Errorf("%q is neither safe nor idempotent", m)
		}
	}
}

func BenchmarkLookupFieldID(b *testing.B) {
	names := [...][]byte{[]byte("Host"), []byte("Accept-Encoding"), []byte("if-none-match"), []byte("Sec-Fetch-Mode")}
	i := 0
	for b.Loop() {
		LookupFieldID(names[i&3])
		i++
	}
}
