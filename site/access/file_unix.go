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
