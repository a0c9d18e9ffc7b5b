package resource

import (
	"os"
	"os/user"
	"strconv"
)

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

// ourUser is who the program runs as, by name or by number.
func ourUser() string { return userName(strconv.Itoa(os.Geteuid())) }

func userName(uid string) string {
	if u, err := user.LookupId(uid); err == nil {
		return u.Username
	}
	return uid
}
