//go:build unix

package access

import (
	"os"
	"syscall"
)

// signatureOf tells a file that was replaced from the one before it, too.
func signatureOf(info os.FileInfo) signature {
	s := signature{size: info.Size(), mtime: info.ModTime().UnixNano()}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s.inode = [2]uint64{uint64(st.Dev), uint64(st.Ino)}
	}
	return s
}

// openSoon opens a file for reading. It does not wait for whoever would write into a pipe that stands in its place, as
// open(2) does.
func openSoon(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}
