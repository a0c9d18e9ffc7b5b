package web

import (
	"flag"
	"testing"

	"vitrine/trace/tracetest"
)

// Every way in which a connection or an exchange is refused or ends is reached by a test of this package.
func TestMain(m *testing.M) {
	flag.Set("test.parallel", "16") // tests of time-outs wait, and can do so together
	tracetest.Main(m, "accept.", "close.", "request.", "exchange.", "upstream.")
}
