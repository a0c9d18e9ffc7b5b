package server

import (
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// since is when a reload began, as Type=notify-reload wants to know it: on the monotonic clock.
func since() string {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return ""
	}
	return "\nMONOTONIC_USEC=" + strconv.FormatInt(now.Nano()/int64(time.Microsecond), 10)
}
