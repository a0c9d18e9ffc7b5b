package web

import (
	"testing"

	"vitrine/trace/tracetest"
)

// Every way in which a connection or an exchange is refused or ends is reached by a test of this package.
func TestMain(m *testing.M) {
	tracetest.Main(m, "accept.", "close.", "request.", "exchange.")
}
