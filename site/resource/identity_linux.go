package resource

import (
	"io/fs"
	"os/user"
	"strconv"
	"syscall"
)

// identity is what makes a file the same file with the same content, as far as it can be told without reading it.
// The change time is part of it, since nobody can set it back.
type identity struct {
	device, inode uint64
	size          int64
	mtime, ctime  int64 // nanoseconds since 1970
	mode          uint32
}

func identify(fi fs.FileInfo) identity {
	id := identity{size: fi.Size(), mtime: fi.ModTime().UnixNano(), mode: uint32(fi.Mode())}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		id.device, id.inode, id.ctime = uint64(st.Dev), st.Ino, st.Ctim.Nano()
	}
	return id
}

// owner is the name of the file's user and group, or their numbers.
func owner(fi fs.FileInfo) string {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	uid, gid := strconv.FormatUint(uint64(st.Uid), 10), strconv.FormatUint(uint64(st.Gid), 10)
	if g, err := user.LookupGroupId(gid); err == nil {
		gid = g.Name
	}
	return userName(uid) + ":" + gid
}
