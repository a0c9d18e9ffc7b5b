package e2e

import (
	"os/exec"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestStack runs the scripts about the own stack on each kind of adapter, with a loop a core. What an architecture
// changes above the stack is TestServer's.
func TestStack(t *testing.T) {
	needsNamespaces(t)
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed, so the scripts about the own stack are skipped: apt-get install curl")
	}
	for _, n := range named(tapNetwork, wireNetwork, packetNetwork) {
		t.Run(n.name, func(t *testing.T) {
			testscript.Run(t, parameters("testdata/stack", "events-per-core", n))
		})
	}
}
