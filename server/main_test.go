package server

import (
	"testing"

	"vitrine/trace/tracetest"
)

func TestMain(m *testing.M) { tracetest.Main(m, "server.", "clients.", "listener.", "admin.") }
