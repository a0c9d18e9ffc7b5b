package ipv6

import (
	"testing"

	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) { tracetest.Main(m, "ipv6.") }
