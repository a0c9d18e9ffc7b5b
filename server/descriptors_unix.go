//go:build unix

package server

import "golang.org/x/sys/unix"

// descriptors is how many the system lets this process have open at once. Go raises the limit to the hard one when
// the program starts.
func descriptors() (int, bool) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil || uint64(r.Cur) > 1<<30 {
		return 0, false
	}
	return int(r.Cur), true
}
