package socket

import (
	"os"
	"sync/atomic"
)

// File is an open regular file that an endpoint can send from without copying it through the program. It may be
// shared by many endpoints and must not be copied.
type File struct {
	F    *os.File
	FD   int
	Size int64 // when it was opened
	// Hold, when it is not nil, keeps the file open until Done is called, or returns false: an endpoint may need the file
	// beyond SendFile, for what the peer has not acknowledged. Both may be called from any goroutine and do not block.
	// Without them such an endpoint duplicates the descriptor.
	Hold func() bool
	Done func()

	// sent is how many bytes were sent while the file may have lain on the disk alone. Once that is its size, it is
	// in the system's memory, and sending it cannot be expected to wait.
	sent atomic.Int64
}
