package trace

import "testing"

func TestASentenceIsPutIntoALongerOneAsAClause(t *testing.T) {
	for sentence, want := range map[string]string{
		"The path leads nowhere.": "the path leads nowhere",
		"A lock is held.":         "a lock is held",
		"TCP has lost it.":        "TCP has lost it",
		"it stays as it is":       "it stays as it is",
		".":                       "",
	} {
		if got := (&Reason{Sentence: sentence}).Clause(); got != want {
			t.Errorf("%q is %q in a longer sentence, not %q", sentence, got, want)
		}
	}
}
