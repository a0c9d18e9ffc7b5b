package message

// Current is what a precondition is compared with: the representation that would be sent now.
type Current struct {
	Exists       bool   // there is a representation
	ETag         string // its opaque tag with the quotes and without "W/"; "" when it has none
	Weak         bool   // the tag is a weak one
	LastModified int64  // in seconds since 1970; 0 when unknown
}

// has compares the representation's tag with another, strongly or weakly (RFC 9110 §8.8.3.2).
func (c *Current) has(tag EntityTag, strong bool) bool {
	return string(tag.Opaque) == c.ETag && !(strong && (tag.Weak || c.Weak))
}

// Verdict is what a request's preconditions come to.
type Verdict uint8

const (
	Proceed            Verdict = iota // the method is performed
	NotModified                       // 304
	PreconditionFailed                // 412
)

var verdictNames = [...]string{"proceed", "not modified", "precondition failed"}

func (v Verdict) String() string { return verdictNames[v] }

// Condition is one precondition with how it came out.
type Condition uint8

const (
	NoCondition             Condition = iota
	IfMatchHeld                       // a listed tag is the current one, or "*" and there is a representation
	IfMatchFailed                     // no listed tag is the current one
	IfUnmodifiedSinceHeld             // not modified since
	IfUnmodifiedSinceFailed           // modified since
	IfUnmodifiedSinceVoid             // ignored: no valid date, or nothing to compare it with
	IfNoneMatchHeld                   // no listed tag is the current one
	IfNoneMatchFailed                 // a listed tag is the current one, or "*" and there is a representation
	IfModifiedSinceHeld               // modified since
	IfModifiedSinceFailed             // not modified since
	IfModifiedSinceVoid               // ignored: no valid date, or nothing to compare it with
	IfRangeHeld                       // the client's part is of the current representation
	IfRangeFailed                     // it is of another
	IfRangeWeak                       // a weak validator says nothing about bytes (RFC 9110 §13.1.5)
	IfRangeVoid                       // neither a tag nor a date

	Conditions = iota // how many there are, NoCondition included
)

var conditionTexts = [Conditions]string{
	"no condition", "If-Match holds", "If-Match fails", "If-Unmodified-Since holds", "If-Unmodified-Since fails",
	"If-Unmodified-Since is ignored", "If-None-Match holds", "If-None-Match fails", "If-Modified-Since holds",
	"If-Modified-Since fails", "If-Modified-Since is ignored", "If-Range holds", "If-Range fails",
	"If-Range has a weak validator", "If-Range is invalid",
}

func (c Condition) String() string { return conditionTexts[c] }

var conditionFields = [Conditions]FieldID{
	OtherField, IfMatch, IfMatch, IfUnmodifiedSince, IfUnmodifiedSince, IfUnmodifiedSince, IfNoneMatch, IfNoneMatch,
	IfModifiedSince, IfModifiedSince, IfModifiedSince, IfRange, IfRange, IfRange, IfRange,
}

// Field is the request field that the condition stands in, OtherField for NoCondition.
func (c Condition) Field() FieldID { return conditionFields[c] }

// Outcome is what a request's preconditions come to and which of them decided.
type Outcome struct {
	Verdict Verdict
	By      Condition // the one that decided, or the last one that was looked at when all held
	Range   Condition // how If-Range came out; NoCondition when it was not looked at
}

// RangeHolds reports whether a Range in the request may be followed as far as If-Range is concerned.
func (o Outcome) RangeHolds() bool { return o.Range == NoCondition || o.Range == IfRangeHeld }

var conditionals = Set(IfMatch, IfUnmodifiedSince, IfNoneMatch, IfModifiedSince, IfRange)

// Conditional reports whether there is any precondition to evaluate.
func Conditional(f *Fields) bool { return f.HasAny(conditionals) }

// Evaluate evaluates the preconditions in the order of RFC 9110 §13.2.2. It is for requests that would otherwise be
// answered with a 2xx, or for which there is nothing to answer with (RFC 9110 §13.2.1). Now is in seconds since 1970.
// It does not allocate.
func Evaluate(f *Fields, m Method, current Current, now int64) Outcome {
	var o Outcome
	if !Conditional(f) || m == CONNECT || m == OPTIONS || m == TRACE {
		return o // RFC 9110 §13.2.1: methods that select no representation ignore them
	}
	reads := m == GET || m == HEAD

	switch { // steps 1 and 2
	case f.Has(IfMatch):
		o.By = IfMatchHeld
		if !matches(f, IfMatch, current, true) {
			return Outcome{Verdict: PreconditionFailed, By: IfMatchFailed}
		}
	case f.Has(IfUnmodifiedSince):
		date, ok := fieldDate(f, IfUnmodifiedSince, now)
		switch {
		case !ok || current.LastModified == 0 || !current.Exists:
			o.By = IfUnmodifiedSinceVoid
		case current.LastModified > date:
			return Outcome{Verdict: PreconditionFailed, By: IfUnmodifiedSinceFailed}
		default:
			o.By = IfUnmodifiedSinceHeld
		}
	}

	switch { // steps 3 and 4
	case f.Has(IfNoneMatch):
		o.By = IfNoneMatchHeld
		if matches(f, IfNoneMatch, current, false) {
			o.By = IfNoneMatchFailed
			if o.Verdict = PreconditionFailed; reads {
				o.Verdict = NotModified
			}
			return o
		}
	case reads && f.Has(IfModifiedSince):
		date, ok := fieldDate(f, IfModifiedSince, now)
		switch {
		case !ok || current.LastModified == 0 || !current.Exists:
			o.By = IfModifiedSinceVoid
		case current.LastModified <= date:
			return Outcome{Verdict: NotModified, By: IfModifiedSinceFailed}
		default:
			o.By = IfModifiedSinceHeld
		}
	}

	if m == GET && f.Has(Range) && f.Has(IfRange) { // step 5
		o.Range = ifRange(f, current, now)
	}
	return o
}

// matches reports whether one of the entity tags in a field is the current one, or the field is "*" and there is a
// representation at all (RFC 9110 §13.1.1, §13.1.2). What is no list of tags matches nothing.
func matches(f *Fields, id FieldID, current Current, strong bool) bool {
	if !current.Exists {
		return false
	}
	if v := f.Get(id); len(v) == 1 && v[0] == '*' && !f.Repeated(id) {
		return true
	}
	for value := range f.All(id) {
		for tag := range ETags(value) {
			if current.has(tag, strong) {
				return true
			}
		}
	}
	return false
}

// fieldDate is the date of a field that stands on one line.
func fieldDate(f *Fields, id FieldID, now int64) (int64, bool) {
	if f.Repeated(id) {
		return 0, false
	}
	return ParseDate(f.Get(id), now)
}

// ifRange compares the validator of If-Range as strongly as bytes need (RFC 9110 §13.1.5).
func ifRange(f *Fields, current Current, now int64) Condition {
	if f.Repeated(IfRange) {
		return IfRangeVoid
	}
	value := f.Get(IfRange)
	if tag, rest, ok := ParseETag(value); ok && len(rest) == 0 {
		switch {
		case tag.Weak:
			return IfRangeWeak
		case current.has(tag, true):
			return IfRangeHeld
		}
		return IfRangeFailed
	}
	date, ok := ParseDate(value, now)
	switch {
	case !ok:
		return IfRangeVoid
	case date != current.LastModified || current.LastModified == 0:
		return IfRangeFailed
	case date >= now:
		// RFC 9110 §8.8.2.2: what changed within this second may change again within it.
		return IfRangeWeak
	}
	return IfRangeHeld
}
