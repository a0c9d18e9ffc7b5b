//go:build !linux

package e2e

import (
	"errors"
	"os/exec"
)

type namespace struct{ path string }

func mayMakeNamespaces() error {
	return errors.New("the own stack is tested in network namespaces, which only Linux has")
}

func newNamespace() (*namespace, error) { return nil, mayMakeNamespaces() }

func (n *namespace) do(func())                        {}
func (n *namespace) wrap() []string                   { return nil }
func (n *namespace) command(args ...string) *exec.Cmd { return exec.Command(args[0], args[1:]...) }
func (n *namespace) ip(string) error                  { return mayMakeNamespaces() }
func (n *namespace) close()                           {}

type recorder struct{}

func (l *lab) record(path, device string) (*recorder, error) { return nil, mayMakeNamespaces() }

func (r *recorder) stop() error { return mayMakeNamespaces() }
func (r *recorder) kill()       {}
