package access

import (
	"strconv"
	"strings"

	"github.com/tg123/go-htpasswd"
	"golang.org/x/crypto/bcrypt"
)

// Passwords are the users of an htpasswd file. They are immutable.
type Passwords struct {
	byUser map[string]htpasswd.EncodedPasswd
	all    []htpasswd.EncodedPasswd // in file order: what a name that is not there is held against
}

// Bounds of how much a hash may cost: each step up doubles the time, and a file is not worth an hour of it.
const (
	mostBcryptCost = 16
	mostRounds     = 1_000_000
)

// parsePasswords reads an htpasswd file: a name, a colon and a hash on each line; what follows another colon does not count.
// plain lets passwords stand there as they are. A name that stands there twice counts where it stands first. A line
// that cannot be read makes the whole file one that cannot: the error is a *lineError.
func parsePasswords(data []byte, plain bool) (*Passwords, error) {
	p := &Passwords{byUser: make(map[string]htpasswd.EncodedPasswd)}
	err := lines(data, func(n int, line string) error {
		user, rest, ok := strings.Cut(line, ":")
		if !ok || user == "" || len(user) > mostUser {
			return &lineError{n, "it is no name and hash with a colon between them"}
		}
		hash, _, _ := strings.Cut(rest, ":")
		encoded, what := parseHash(hash, plain)
		if what != "" {
			return &lineError{n, what}
		}
		if _, twice := p.byUser[user]; !twice {
			p.byUser[user] = encoded
			p.all = append(p.all, encoded)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

// parseHash reads one hash. It checks more than the library, whose functions for some malformed ones do not return.
func parseHash(hash string, plain bool) (encoded htpasswd.EncodedPasswd, wrong string) {
	var err error
	switch {
	case hash == "":
		return nil, "it has no hash"
	case strings.HasPrefix(hash, "$2"):
		cost, costErr := bcrypt.Cost([]byte(hash))
		if costErr != nil || len(hash) != 60 {
			return nil, "its bcrypt hash is malformed"
		}
		if cost > mostBcryptCost {
			return nil, "its bcrypt hash costs " + strconv.Itoa(cost) + ", and " + strconv.Itoa(mostBcryptCost) + " is the most"
		}
		encoded, err = htpasswd.AcceptBcrypt(hash)
	case strings.HasPrefix(hash, "$apr1$"), strings.HasPrefix(hash, "$1$"):
		salt, sum, ok := strings.Cut(hash[strings.IndexByte(hash[1:], '$')+2:], "$")
		if !ok || len(salt) > 8 || len(sum) != 22 || !isCrypt64(salt) || !isCrypt64(sum) {
			return nil, "its MD5 hash is malformed"
		}
		encoded, err = htpasswd.AcceptMd5(hash)
	case strings.HasPrefix(hash, "$5$"), strings.HasPrefix(hash, "$6$"):
		parts := strings.Split(hash[3:], "$")
		size := map[byte]int{'5': 43, '6': 86}[hash[1]]
		if len(parts) == 3 {
			text, ok := strings.CutPrefix(parts[0], "rounds=")
			rounds, err := strconv.Atoi(text)
			if !ok || err != nil || rounds < 1000 || rounds > mostRounds {
				return nil, "its SHA crypt hash has a number of rounds that is not from 1000 to " + strconv.Itoa(mostRounds)
			}
			parts = parts[1:]
		}
		if len(parts) != 2 || len(parts[0]) == 0 || len(parts[0]) > 16 || len(parts[1]) != size || !isCrypt64(parts[0]) || !isCrypt64(parts[1]) {
			return nil, "its SHA crypt hash is malformed"
		}
		encoded, err = htpasswd.AcceptCryptSha(hash)
	case strings.HasPrefix(hash, "{SHA}"):
		encoded, err = htpasswd.AcceptSha(hash)
	case strings.HasPrefix(hash, "{SSHA}"):
		encoded, err = htpasswd.AcceptSsha(hash)
	case strings.HasPrefix(hash, "$"), strings.HasPrefix(hash, "{"):
		return nil, "its kind of hash is not known: bcrypt, apr1, MD5, SHA-1 and SHA crypt are"
	case plain:
		encoded, err = htpasswd.AcceptPlain(hash)
	default:
		return nil, "its password is in plain text, or a hash of the old crypt, and neither is taken: use htpasswd -B, or say plain_text = true"
	}
	if err != nil || encoded == nil { // the library's words have the hash in them
		return nil, "its hash is malformed"
	}
	return encoded, ""
}

// isCrypt64 reports whether a text has nothing but the characters of crypt's base 64.
func isCrypt64(s string) bool {
	for i := range len(s) {
		if c := s[i]; !('a' <= c|0x20 && c|0x20 <= 'z' || '.' <= c && c <= '9') {
			return false
		}
	}
	return true
}

// Len is how many users there are.
func (p *Passwords) Len() int { return len(p.byUser) }

// Verify reports whether a user has a password. It may take a tenth of a second, and so is not for loops. For a name that is
// not there it takes as long as for one that is: it is held against a user that decoy chooses, which is always the same
// one for the same name.
func (p *Passwords) Verify(user, password string, decoy uint64) bool {
	encoded, known := p.byUser[user]
	if !known {
		if len(p.all) == 0 {
			return false
		}
		encoded = p.all[decoy%uint64(len(p.all))]
	}
	return encoded.MatchesPassword(password) && known
}
