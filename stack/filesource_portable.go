//go:build !unix

package stack

import (
	"errors"
	"syscall"
)

// descriptors: a file is read by its ReaderAt here, and stays open as long as its owner is not told that it may be closed.
const descriptors = false

var errNoDescriptor = errors.New("stack: on this system a file can be sent only with FileSource.Done, or without its descriptor")

func (h *Shard) readCached(int, []byte, int64) (int, error) { return 0, syscall.EINVAL }

type iovec = struct{}

func duplicate(int) (int, error) { return -1, errNoDescriptor }

func pread(int, []byte, int64) (int, error) { return 0, errNoDescriptor }

func closeDuplicate(int) {}
