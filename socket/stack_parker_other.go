//go:build !linux

package socket

import (
	"errors"

	"vitrine/stack"
)

// newDescriptorParker fails: on this system no adapter has a descriptor.
func newDescriptorParker(*stack.Shard) (parker, error) {
	return nil, errors.New("socket: adapters with a descriptor are supported on Linux only")
}
