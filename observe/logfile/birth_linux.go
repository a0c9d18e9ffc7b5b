package logfile

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// birth is when the file was created, or otherwise where the file system does not tell.
func birth(f *os.File, otherwise time.Time) time.Time {
	conn, err := f.SyscallConn()
	if err != nil {
		return otherwise
	}
	born := otherwise
	conn.Control(func(fd uintptr) {
		var st unix.Statx_t
		err := unix.Statx(int(fd), "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &st)
		if err == nil && st.Mask&unix.STATX_BTIME != 0 {
			born = time.Unix(st.Btime.Sec, int64(st.Btime.Nsec))
		}
	})
	return born
}
