package names

import "testing"

func TestWhatIsAskedAndKnownIsCounted(t *testing.T) {
	asked, answer := make(chan bool), make(chan bool)
	i := identd(t, func(text string) string {
		asked <- true
		<-answer
		return text + " : USERID : UNIX : joe\r\n"
	})
	told := make(chan bool)
	if !i.Ask(pair, func(string, error) { told <- true }) {
		t.Fatal("not asked")
	}
	<-asked
	if l := i.Load(); l != (Load{Asked: 1}) {
		t.Errorf("%+v", l)
	}
	answer <- true
	<-told
	if l := i.Load(); l.Waiting != 0 || l.Known != 1 {
		t.Errorf("%+v", l)
	}
}
