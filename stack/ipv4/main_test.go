package ipv4

import (
	"testing"

	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) { tracetest.Main(m, "ipv4.") }
