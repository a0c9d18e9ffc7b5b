package trace

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Kind sorts Reasons by what they mean for the request or connection.
type Kind uint8

const (
	Info    Kind = iota // a step on the way that refuses nothing
	Success             // a final decision that gives the client what it asked for
	Refused             // the request or connection was refused, by rule or by the standard
	Failed              // something went wrong on our side or beyond it
	Close               // why a connection ended in an orderly way
)

var kindNames = [...]string{"info", "success", "refused", "failed", "close"}

func (k Kind) String() string { return kindNames[k] }

// Reason is why a decision was taken. It is declared once, in the deciding package's reasons.go, and the same value
// is the counter's label, the word in the log, the text on an error page and the event in a journey.
// A Reason is safe for concurrent use.
type Reason struct {
	ID       string // dotted and lower case, such as "route.matched"; never changed once published
	Kind     Kind
	Sentence string // what happened, for somebody who has never read this program: with a capital and a full stop
	Standard string // the section that asks for it, such as "RFC 9112 §6.3"; empty when the rule is our own

	reached atomic.Uint64
}

var catalogue struct {
	sync.Mutex
	byID map[string]*Reason
}

// Declare adds a Reason to the catalogue. It is called from package variables only and panics on a second
// declaration of the same id or on an empty sentence, since both are mistakes of the program.
func Declare(id string, kind Kind, sentence, standard string) *Reason {
	if id == "" || sentence == "" || id != strings.ToLower(id) || !strings.Contains(id, ".") {
		panic(fmt.Sprintf("trace: reason %q needs a dotted lower-case id and a sentence", id))
	}
	r := &Reason{ID: id, Kind: kind, Sentence: sentence, Standard: standard}
	catalogue.Lock()
	defer catalogue.Unlock()
	if catalogue.byID == nil {
		catalogue.byID = make(map[string]*Reason)
	}
	if catalogue.byID[id] != nil {
		panic("trace: reason " + id + " declared twice")
	}
	catalogue.byID[id] = r
	return r
}

// Reach counts the Reason once and returns it, so that a decision and its count are one expression.
// It is safe for concurrent use and does not allocate.
func (r *Reason) Reach() *Reason {
	r.reached.Add(1)
	return r
}

// Reached is how often the Reason was reached since the program started.
func (r *Reason) Reached() uint64 { return r.reached.Load() }

// Clause is the Sentence as a part of a longer one: without its full stop, and with a small letter at its beginning
// unless that is a name in capitals, such as TCP.
func (r *Reason) Clause() string {
	s := strings.TrimSuffix(r.Sentence, ".")
	if len(s) < 2 || s[0] < 'A' || 'Z' < s[0] || 'A' <= s[1] && s[1] <= 'Z' {
		return s
	}
	return string(s[0]+'a'-'A') + s[1:]
}

// String is the Reason's id.
func (r *Reason) String() string {
	if r == nil {
		return "-"
	}
	return r.ID
}

// Lookup finds a Reason by its id, or nil.
func Lookup(id string) *Reason {
	catalogue.Lock()
	defer catalogue.Unlock()
	return catalogue.byID[id]
}

// Reasons is the catalogue of this binary, sorted by id.
func Reasons() []*Reason {
	catalogue.Lock()
	defer catalogue.Unlock()
	all := make([]*Reason, 0, len(catalogue.byID))
	for _, r := range catalogue.byID {
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b *Reason) int { return cmp.Compare(a.ID, b.ID) })
	return all
}
