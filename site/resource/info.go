package resource

import (
	"io/fs"
	"os"
	"strconv"
	"time"
)

// info is what is known about a file without reading it.
type info struct {
	identity
	mode    fs.FileMode
	modTime time.Time
	owner   ids
}

// identity is what makes a file the same file with the same content, as far as that can be told without reading it.
// The change time is part of it where the system has one, since nobody can set it back.
type identity struct {
	device, inode uint64 // zero where the system does not tell
	size          int64
	mtime, ctime  int64 // nanoseconds since 1970
	access        fs.FileMode
}

// infoOf is the info of what the os package found.
func infoOf(fi fs.FileInfo) info {
	i := info{mode: fi.Mode(), modTime: fi.ModTime()}
	i.size, i.mtime, i.access = fi.Size(), fi.ModTime().UnixNano(), fi.Mode()
	i.system(fi.Sys())
	return i
}

// infoOfFile looks at an open file.
func infoOfFile(f *os.File) (info, error) {
	fi, err := f.Stat()
	if err != nil {
		return info{}, err
	}
	return infoOf(fi), nil
}

// samePlace reports whether both are one file or directory, changed or not.
func (id identity) samePlace(other identity) bool {
	return id.device == other.device && id.inode == other.inode
}

// etag is the strong entity tag of a file (RFC 9110 §8.8.3).
func (id identity) etag() string {
	b := make([]byte, 0, 48)
	b = append(b, '"')
	b = strconv.AppendUint(b, uint64(id.mtime), 36)
	b = append(b, '-')
	b = strconv.AppendUint(b, uint64(id.size), 36)
	b = append(b, '-')
	b = strconv.AppendUint(b, id.inode, 36)
	return string(append(b, '"'))
}
