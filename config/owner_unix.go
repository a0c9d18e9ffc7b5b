//go:build unix

package config

import (
	"fmt"
	"io/fs"
	"syscall"
)

// owner says whose a file is.
func owner(info fs.FileInfo) string {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return fmt.Sprintf(", its owner is user %d and group %d", stat.Uid, stat.Gid)
	}
	return ""
}
