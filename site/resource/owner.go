package resource

import (
	"os"
	"os/user"
	"strconv"
	"sync"
	"time"
)

// ids are the numbers of a file's user and group.
type ids struct {
	user, group uint32
	known       bool
}

// String is the user's and the group's name, or their numbers; "" when they are not known.
func (o ids) String() string {
	if !o.known {
		return ""
	}
	return users.of(o.user) + ":" + groups.of(o.group)
}

// ourUser is who the program runs as, by name or by number.
func ourUser() string { return users.of(uint32(os.Geteuid())) }

var (
	users = register{ask: func(id string) (string, error) {
		u, err := user.LookupId(id)
		if err != nil {
			return "", err
		}
		return u.Username, nil
	}}
	groups = register{ask: func(id string) (string, error) {
		g, err := user.LookupGroupId(id)
		if err != nil {
			return "", err
		}
		return g.Name, nil
	}}
)

// register is what numbers of users or of groups are called. To ask the system reads a file each time, or waits for a
// directory service, so the answers are kept for a while. It is safe for concurrent use.
type register struct {
	ask func(id string) (string, error)

	mu    sync.Mutex
	known map[uint32]called
}

// called is an answer.
type called struct {
	name  string
	until time.Time
}

// answerTime is how long an answer is good.
const answerTime = time.Minute

// of is the name of a number, or the number where it has none.
func (n *register) of(id uint32) string {
	now := time.Now()
	n.mu.Lock()
	c, ok := n.known[id]
	n.mu.Unlock()
	if ok && now.Before(c.until) {
		return c.name
	}
	number := strconv.FormatUint(uint64(id), 10)
	name, err := n.ask(number) // without the lock: it may take long
	if err != nil {
		name = number
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = make(map[uint32]called)
	}
	n.known[id] = called{name, now.Add(answerTime)}
	return name
}
