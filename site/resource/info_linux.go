package resource

import (
	"io/fs"
	"syscall"
	"time"
)

func changeTime(st *syscall.Stat_t) int64 { return st.Ctim.Nano() }

// infoOfStat is the info of what fstat(2) found.
func infoOfStat(st *syscall.Stat_t) info {
	i := info{mode: fileMode(st.Mode), modTime: time.Unix(st.Mtim.Unix())}
	i.size, i.mtime, i.access = st.Size, st.Mtim.Nano(), i.mode
	i.system(st)
	return i
}

// fileTypes are the types of inode(7) in the words of io/fs.
var fileTypes = map[uint32]fs.FileMode{
	syscall.S_IFREG:  0,
	syscall.S_IFDIR:  fs.ModeDir,
	syscall.S_IFLNK:  fs.ModeSymlink,
	syscall.S_IFIFO:  fs.ModeNamedPipe,
	syscall.S_IFSOCK: fs.ModeSocket,
	syscall.S_IFBLK:  fs.ModeDevice,
	syscall.S_IFCHR:  fs.ModeDevice | fs.ModeCharDevice,
}

func fileMode(mode uint32) fs.FileMode {
	m, known := fileTypes[mode&syscall.S_IFMT]
	if !known {
		m = fs.ModeIrregular
	}
	m |= fs.FileMode(mode & 0o777)
	for bit, flag := range map[uint32]fs.FileMode{
		syscall.S_ISUID: fs.ModeSetuid, syscall.S_ISGID: fs.ModeSetgid, syscall.S_ISVTX: fs.ModeSticky,
	} {
		if mode&bit != 0 {
			m |= flag
		}
	}
	return m
}
