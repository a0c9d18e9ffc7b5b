package server

import "golang.org/x/sys/unix"

// isNoTap reports whether an interface is there that the kernel did not make for a program. Its driver is asked, since
// /sys may be that of another network namespace.
func isNoTap(name string) bool {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq(name)
	if err != nil || unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, ifr) != nil {
		return false // it is not there
	}
	info, err := unix.IoctlGetEthtoolDrvinfo(fd, name)
	return err != nil || unix.ByteSliceToString(info.Driver[:]) != "tun"
}
