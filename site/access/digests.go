package access

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
)

// Algorithm is a hash that digest knows, by the name that it has on the wire.
type Algorithm string

// The algorithms of RFC 7616 §3.4.4 without those for sessions, which nobody asks for.
const (
	MD5    Algorithm = "MD5"
	SHA256 Algorithm = "SHA-256"
)

func (a Algorithm) new() hash.Hash {
	if a == SHA256 {
		return sha256.New()
	}
	return md5.New()
}

// sum is the hash of texts with colons between them, in hexadecimal digits.
func (a Algorithm) sum(parts ...string) string {
	h := a.new()
	for i, p := range parts {
		if i > 0 {
			h.Write([]byte{':'})
		}
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Digests are the users of an htdigest file in one realm. They are immutable.
type Digests struct {
	users  map[string]map[Algorithm]string // the hash of name, realm and password
	hashed map[string]string               // a name's hash, by either algorithm, to the name
	has    map[Algorithm]int               // how many users have a hash by it
}

// parseDigests reads an htdigest file: name, realm and hash on each line, with colons between them. The hash is that of
// the three parts name:realm:password, MD5 in 32 digits or SHA-256 in 64, so that a user may have a line for each. Lines
// of other realms are checked and do not count.
func parseDigests(data []byte, realm string) (*Digests, error) {
	d := &Digests{users: make(map[string]map[Algorithm]string), hashed: make(map[string]string), has: make(map[Algorithm]int)}
	err := lines(data, func(n int, line string) error {
		parts := strings.Split(line, ":")
		if len(parts) != 3 || parts[0] == "" || len(parts[0]) > mostUser {
			return &lineError{n, "it is no name, realm and hash with colons between them"}
		}
		user, sum := parts[0], strings.ToLower(parts[2])
		if _, err := hex.DecodeString(sum); err != nil {
			return &lineError{n, "its hash is malformed"}
		}
		algorithm := MD5
		switch len(sum) {
		case 2 * md5.Size:
		case 2 * sha256.Size:
			algorithm = SHA256
		default:
			return &lineError{n, "its hash has neither the 32 digits of MD5 nor the 64 of SHA-256"}
		}
		if parts[1] != realm {
			return nil
		}
		if d.users[user] == nil {
			d.users[user] = make(map[Algorithm]string)
			for _, a := range []Algorithm{MD5, SHA256} {
				d.hashed[a.sum(user, realm)] = user
			}
		}
		if d.users[user][algorithm] == "" {
			d.users[user][algorithm] = sum
			d.has[algorithm]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Len is how many users of the realm there are.
func (d *Digests) Len() int { return len(d.users) }

// Serves reports whether an algorithm can be offered: every user has a hash by it. Clients take the first that they know, and
// would fail for a user who has none. When no algorithm is everybody's, those that are somebody's are offered.
func (d *Digests) Serves(a Algorithm) bool {
	all := len(d.users)
	if d.has[MD5] < all && d.has[SHA256] < all {
		return d.has[a] > 0
	}
	return d.has[a] == all
}
