package site

import (
	"fmt"
	"strings"
	"testing"

	"vitrine/web/message"
)

// fieldsOf makes fields of lines such as "Accept: text/html".
func fieldsOf(lines ...string) *message.Fields {
	var arena strings.Builder
	type spans struct{ name, value message.Span }
	var all []spans
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		at := uint32(arena.Len())
		arena.WriteString(name + value)
		all = append(all, spans{message.Span{Off: at, Len: uint32(len(name))}, message.Span{Off: at + uint32(len(name)), Len: uint32(len(value))}})
	}
	f := new(message.Fields)
	f.Reset([]byte(arena.String()))
	for _, s := range all {
		f.Add(s.name, s.value)
	}
	return f
}

func TestAnAnswerIsRememberedForTheFieldsThatItDependsOn(t *testing.T) {
	var m memory
	m.init()
	set := message.Set(message.Accept, message.AcceptLanguage)
	requests := []*message.Fields{
		fieldsOf(),
		fieldsOf("Accept: text/html"),
		fieldsOf("Accept-Language: text/html"),
		fieldsOf("Accept: text/html", "Accept-Language: en"),
		fieldsOf("Accept: text/html", "Accept-Language: "),
		fieldsOf("Accept: ", "Accept-Language: "),
		fieldsOf("Accept-Language: en", "Accept: text/html, image/png", "User-Agent: x"),
	}
	kept := make([]*answer, len(requests))
	for i, f := range requests {
		values, ok := fieldValues(f, set)
		if !ok {
			t.Fatal(i)
		}
		kept[i] = &answer{path: "/x", method: message.GET, varies: set, values: values}
		if gone := m.keep(kept[i]); len(gone) != 0 {
			t.Errorf("%d: %d are forgotten", i, len(gone))
		}
	}
	for i, f := range requests {
		if got := m.find([]byte("/x"), message.GET, f); got != kept[i] {
			t.Errorf("%d: another answer is found: %+v", i, got)
		}
	}
	for _, f := range []*message.Fields{
		fieldsOf("Accept: text/htm"), fieldsOf("Accept: text/html,"), fieldsOf("Accept: text/html", "Accept-Language: e"),
		fieldsOf("Accept: text/html", "Accept: text/html"),
	} {
		if got := m.find([]byte("/x"), message.GET, f); got != nil {
			t.Errorf("%q is found for other fields", got.values)
		}
	}
	for _, f := range []*message.Fields{
		fieldsOf("Accept: a", "Accept: b"), fieldsOf("Accept: " + strings.Repeat("x", longestValues)),
	} {
		if _, ok := fieldValues(f, set); ok {
			t.Errorf("%q is remembered", f.Get(message.Accept))
		}
	}
	if _, ok := fieldValues(fieldsOf(), message.Set(message.Cookie)); ok {
		t.Error("an answer that depends on a cookie is remembered")
	}
	// An answer of another kind takes the place of all of them.
	plain := &answer{path: "/x", method: message.GET}
	if gone := m.keep(plain); len(gone) != len(requests) || m.find([]byte("/x"), message.GET, requests[2]) != plain || m.varied.Load() != 0 {
		t.Errorf("%d are forgotten, %d varied", len(gone), m.varied.Load())
	}
	if n := testing.AllocsPerRun(100, func() { m.find([]byte("/x"), message.GET, requests[3]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestHostileValuesDriveOutNothingThatIsUsed(t *testing.T) {
	var m memory
	m.init()
	set := message.Set(message.AcceptLanguage)
	keep := func(path, language string) *message.Fields {
		f := fieldsOf("Accept-Language: " + language)
		values, _ := fieldValues(f, set)
		m.keep(&answer{path: path, method: message.GET, varies: set, values: values})
		return f
	}
	en := keep("/page", "en")
	other := keep("/other", "en")
	for i := range 1000 {
		if m.find([]byte("/page"), message.GET, en) == nil {
			t.Fatalf("after %d values the one that is used is forgotten", i)
		}
		keep("/page", fmt.Sprint("x-", i))
	}
	if m.find([]byte("/other"), message.GET, other) == nil {
		t.Error("another path's answer is forgotten")
	}
	// Many values for many paths: the number of answers is bounded.
	for i := range 2 * memorySlots {
		for k := range manyVaried {
			keep(fmt.Sprint("/", i), fmt.Sprint("y-", k))
		}
	}
	count := int64(0)
	for i := range m.slots.Load() {
		if k := m.slots.Load()[i].Load(); k != nil {
			count += int64(len(k.answers))
		}
	}
	if most := int64(roomVaried + manyVaried + fewVaried*memorySlots); count != m.varied.Load() || count > most {
		t.Errorf("%d answers, %d counted, at most %d", count, m.varied.Load(), most)
	}
}
