package ssi

import "vitrine/trace"

// Why a directive came to nothing. The page has its error message in its place.
var (
	reasonMalformed = trace.Declare("ssi.malformed", trace.Failed,
		"The directive is not written as one: something is missing in it, or it has no end.", "")
	reasonUnknown = trace.Declare("ssi.unknown", trace.Failed,
		"There is no directive of that name, or it does not have the attribute.", "")
	reasonExpression = trace.Declare("ssi.expression", trace.Failed,
		"The condition cannot be understood, so none of its branches is in the page.", "")
	reasonUnbalanced = trace.Declare("ssi.unbalanced", trace.Failed,
		"If, elif, else and endif do not belong together as they stand in the page.", "")
	reasonBound = trace.Declare("ssi.bound", trace.Failed,
		"The page asks for more than the configuration lets one request have.", "")
	reasonLate = trace.Declare("ssi.late", trace.Failed,
		"The time that a page may take to be made is over.", "")
)

// Fault is why a directive came to nothing. Its text is for the log and not for the page.
type Fault struct {
	Reason *trace.Reason
	Text   string
}

func (f *Fault) Error() string {
	if f.Text == "" {
		return f.Reason.Clause()
	}
	return f.Text
}

func fault(why *trace.Reason, text string) *Fault { return &Fault{Reason: why, Text: text} }
