package resource

import (
	"io/fs"
	"os"
	"os/user"
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

// ids are the numbers of a file's user and group.
type ids struct {
	user, group uint32
	known       bool
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

// String is the user's and the group's name, or their numbers; "" when they are not known.
func (o ids) String() string {
	if !o.known {
		return ""
	}
	gid := strconv.FormatUint(uint64(o.group), 10)
	if g, err := user.LookupGroupId(gid); err == nil {
		gid = g.Name
	}
	return userName(strconv.FormatUint(uint64(o.user), 10)) + ":" + gid
}

// ourUser is who the program runs as, by name or by number.
func ourUser() string { return userName(strconv.Itoa(os.Geteuid())) }

func userName(uid string) string {
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return uid
}
