package recovery

import (
	"testing"

	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) { tracetest.Main(m, "recovery.") }
