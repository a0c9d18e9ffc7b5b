package access

import (
	"crypto/subtle"
	"strconv"
	"strings"
	"time"
)

// DigestVerdict is what a proof by digest comes to.
type DigestVerdict uint8

const (
	Proven        DigestVerdict = iota // it is right
	NotForHere                         // another realm's, or by an algorithm that is not offered
	Improper                           // RFC 7616 §3.4 does not allow it, or it is not for this request
	WrongDigest                        // the user or the password is not right
	NonceForeign                       // right, but for a nonce that is not ours, or was before a restart
	NonceOld                           // right, but for a nonce that is not good any more
	NonceReplayed                      // right, but its count was used before
)

// Realm is how digest is offered in one place.
type Realm struct {
	Name       string
	Algorithms []Algorithm // the best first
	Life       time.Duration
	UserHash   bool
}

// Proof is what came of a check.
type Proof struct {
	Verdict DigestVerdict
	User    string
	// Info is the value of Authentication-Info (RFC 7616 §3.5), by which the server proves that it knows the password, too.
	Info string
}

// CheckDigest checks a proof for a request. Whether the proof is right is found out before the nonce is looked at, so that a client whose
// nonce is too old is given another one without asking its user (stale), and others learn nothing by it. A count is used up
// only by a right proof, and not when rehearsal says so. For names that are not there it does the same work. It is fast
// enough for loops.
func (s *State) CheckDigest(users *Digests, r *Realm, d *Digest, method, target string, now int64, rehearsal bool) Proof {
	algorithm := MD5
	if d.Algorithm != "" {
		algorithm = Algorithm(strings.ToUpper(d.Algorithm))
	}
	offered := false
	for _, a := range r.Algorithms {
		offered = offered || a == algorithm && users.Serves(a)
	}
	switch {
	case d.Realm != r.Name, !offered:
		return Proof{Verdict: NotForHere}
	case d.QOP != "auth", d.NC == 0, !sameTarget(d.URI, target), len(d.Response) != 2*algorithm.new().Size(), d.Hashed && !r.UserHash:
		return Proof{Verdict: Improper}
	}
	user := d.User
	if d.Hashed {
		user = users.hashed[d.User]
	}
	decoy := algorithm.sum(strconv.FormatUint(s.Decoy(user), 16), r.Name, "")
	ha1, known := users.users[user][algorithm]
	if !known {
		ha1 = decoy
	}
	want := algorithm.sum(ha1, d.Nonce, d.NCText, d.CNonce, d.QOP, algorithm.sum(method, d.URI))
	right := subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(d.Response))) == 1
	if !right || !known {
		return Proof{Verdict: WrongDigest, User: user}
	}
	made, key, verdict := s.checkNonce(d.Nonce, r.Name, now, r.Life)
	if verdict == Proven && !rehearsal {
		verdict = s.useNonce(made, key, d.NC)
	}
	if verdict != Proven {
		return Proof{Verdict: verdict, User: user}
	}
	info := `rspauth="` + algorithm.sum(ha1, d.Nonce, d.NCText, d.CNonce, d.QOP, algorithm.sum("", d.URI)) +
		`", qop=auth, cnonce=` + quote(d.CNonce) + `, nc=` + d.NCText
	if now-made > int64(r.Life)/2 { // RFC 7616 §3.5: the next request may use it
		info += `, nextnonce="` + s.Nonce(now, r.Name) + `"`
	}
	return Proof{Verdict: Proven, User: user, Info: info}
}

// sameTarget reports whether the URI of a proof is the request's target, which may have the form of a whole URL
// (RFC 7616 §3.4.6).
func sameTarget(uri, target string) bool {
	return uri == target || withoutAuthority(uri) == withoutAuthority(target)
}

func withoutAuthority(target string) string {
	i := strings.Index(target, "://")
	if i <= 0 || strings.ContainsAny(target[:i], "/?#") {
		return target
	}
	rest := target[i+3:]
	if at := strings.IndexAny(rest, "/?"); at >= 0 {
		return rest[at:]
	}
	return "/"
}

// Challenge is the value of WWW-Authenticate that offers digest by one algorithm (RFC 7616 §3.3).
func (s *State) Challenge(r *Realm, a Algorithm, stale bool, now int64) string {
	text := `Digest realm=` + quote(r.Name) + `, qop="auth", algorithm=` + string(a) + `, nonce="` + s.Nonce(now, r.Name) + `", charset=UTF-8`
	if r.UserHash {
		text += `, userhash=true`
	}
	if stale {
		text += `, stale=true`
	}
	return text
}

// BasicChallenge is the value of WWW-Authenticate that offers Basic (RFC 7617 §2.1).
func BasicChallenge(realm string) string {
	return `Basic realm=` + quote(realm) + `, charset="UTF-8"`
}

// quote is a text as a quoted-string (RFC 9110 §5.6.4). Control characters, which cannot stand in one, become spaces.
func quote(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(text) {
		c := text[i]
		if c < ' ' || c == 0x7f {
			c = ' '
		}
		if c == '"' || c == '\\' {
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	b.WriteByte('"')
	return b.String()
}
