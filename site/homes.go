package site

import (
	"bytes"
	"container/list"
	"errors"
	"fmt"
	"io/fs"
	"os/user"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/config"
	"vitrine/site/resource"
)

// homes are the folders of users. Each is opened when somebody asks for it, and closed when nobody has for a while or when
// too many are open. It is safe for concurrent use.
type homes struct {
	conf   *config.Homes
	store  *resource.Store
	links  resource.Links
	users  map[string]bool // nil: all
	except map[string]bool
	lookup func(name string) (*user.User, error)
	failed func(error) // is told why the folder of a user who is served cannot be

	mu     sync.Mutex
	open   map[string]*list.Element // of *home, by the user's name
	recent list.List                // of *home, the one that was used last in front
	absent map[string]int64         // names that have none, and when that was found out, in nanoseconds since 1970
	tidy   *time.Timer              // closes what nobody asks for; nil: nothing is open
	closed bool
}

// home is the folder of one user.
type home struct {
	of      *homes
	name    string
	at      resource.Entrance
	root    *resource.Root
	checked atomic.Int64 // when the user database was asked, in nanoseconds since 1970
	used    atomic.Int64
	holders int  // guarded by homes.mu
	left    bool // it is closed with its last holder; guarded by homes.mu
}

// mostAbsent bounds the names that are remembered to have no home.
const mostAbsent = 4096

func newHomes(conf *config.Homes, store *resource.Store) *homes {
	h := &homes{conf: conf, store: store, links: linksOf(conf.Links.V), lookup: user.Lookup,
		open: make(map[string]*list.Element), absent: make(map[string]int64), except: set(conf.Except), users: set(conf.Users)}
	return h
}

func set(names []config.Value[string]) map[string]bool {
	if len(names) == 0 {
		return nil
	}
	out := make(map[string]bool)
	for _, n := range names {
		out[n.V] = true
	}
	return out
}

func linksOf(name string) resource.Links {
	switch name {
	case "owner":
		return resource.LinksOwner
	case "none":
		return resource.LinksNone
	}
	return resource.LinksInside
}

// split parts a path into the user's name and what is below the user's folder, which is empty when no slash follows the name.
func (h *homes) split(path []byte) (name, below []byte, ok bool) {
	rest, ok := bytes.CutPrefix(path, []byte(h.conf.Prefix.V))
	if !ok {
		return nil, nil, false
	}
	name = rest
	if i := bytes.IndexByte(rest, '/'); i >= 0 {
		name, below = rest[:i], rest[i:]
	}
	return name, below, len(name) > 0
}

// Why nobody's folder is served under a name. The client is never told.
var (
	errNoName   = errors.New("no user can have this name")
	errExcepted = errors.New("the user is listed in except")
	errUnlisted = errors.New("the user is not among those of users")
	errUnknown  = errors.New("there is no such user")
	errSystem   = errors.New("the user is one of the system's")
	errNoFolder = errors.New("the user has no such folder")
	errClosed   = errors.New("the configuration is not in use any more")
)

// at is where a user's folder is. It asks the user database, which may take long.
func (h *homes) at(name string) (at resource.Entrance, err error) {
	switch {
	case !config.ValidUserName(name):
		return at, errNoName
	case h.except[name]:
		return at, errExcepted
	case h.users != nil && !h.users[name]:
		return at, errUnlisted
	}
	at.Links = h.links
	u, err := h.lookup(name)
	var unknown user.UnknownUserError
	switch {
	case errors.As(err, &unknown) && h.conf.Pattern.V != "": // whom the database does not know is the pattern's affair
	case errors.As(err, &unknown):
		return at, errUnknown
	case err != nil:
		return at, err
	default:
		id, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil || u.Username != name {
			return at, errUnknown
		}
		if !h.users[name] && (id < uint64(h.conf.FirstUID.V) || id > uint64(h.conf.LastUID.V)) {
			return at, errSystem
		}
		at.Owned, at.Owner = true, uint32(id)
	}
	if pattern := h.conf.Pattern.V; pattern != "" {
		before, after, _ := strings.Cut(pattern, "*")
		at.Dir, at.Below = path.Clean(before+name), strings.Trim(after, "/")
		return at, nil
	}
	if !path.IsAbs(u.HomeDir) || path.Clean(u.HomeDir) == "/" {
		return at, errNoFolder
	}
	at.Dir, at.Below = path.Clean(u.HomeDir), path.Clean(h.conf.Folder.V)
	return at, nil
}

// known is the folder of a user when it is open and was checked lately, held by the caller; or, without a folder, that there
// is none. It does not block.
func (h *homes) known(name []byte, now int64) (found *home, absent bool) {
	fresh := int64(h.conf.Fresh.V)
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.open[string(name)]; e != nil {
		found = e.Value.(*home)
		if age := now - found.checked.Load(); age >= fresh || -age >= fresh {
			return nil, false
		}
		h.recent.MoveToFront(e)
		found.holders++
		found.used.Store(now)
		return found, false
	}
	if at, ok := h.absent[string(name)]; ok {
		if age := now - at; age < fresh && -age < fresh {
			return nil, true
		}
		delete(h.absent, string(name))
	}
	return nil, false
}

// find is the folder of a user, held by the caller, or why there is none. It is for use off the loops.
func (h *homes) find(name string, now int64) (*home, error) {
	at, err := h.at(name)
	if err != nil {
		h.forget(name, now)
		return nil, err
	}
	if found := h.still(name, at, now); found != nil {
		return found, nil
	}
	root, err := h.store.Enter(at)
	if err != nil {
		h.forget(name, now)
		if !errors.Is(err, fs.ErrNotExist) {
			h.failed(fmt.Errorf("the folder of the user %s is not served: %w", name, err))
		}
		return nil, fmt.Errorf("%w: %w", errNoFolder, err)
	}
	made := &home{of: h, name: name, at: at, root: root, holders: 1}
	made.checked.Store(now)
	made.used.Store(now)
	return h.add(made)
}

// still is the open folder when it is where it was.
func (h *homes) still(name string, at resource.Entrance, now int64) *home {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := h.open[name]
	if e == nil || e.Value.(*home).at != at {
		return nil
	}
	found := e.Value.(*home)
	h.recent.MoveToFront(e)
	found.holders++
	found.checked.Store(now)
	found.used.Store(now)
	return found
}

// add keeps a folder that was opened. When it is one too many, the one that was used least lately goes.
func (h *homes) add(made *home) (*home, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		made.root.Close()
		return nil, errClosed
	}
	delete(h.absent, made.name)
	if e := h.open[made.name]; e != nil { // it was elsewhere, or somebody was faster
		h.leave(e)
	}
	h.open[made.name] = h.recent.PushFront(made)
	for h.recent.Len() > h.conf.Open.V {
		h.leave(h.recent.Back())
	}
	if h.tidy == nil {
		h.tidy = time.AfterFunc(h.conf.Fresh.V, h.closeUnused)
	}
	return made, nil
}

// forget notes that a name has no folder.
func (h *homes) forget(name string, now int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e := h.open[name]; e != nil {
		h.leave(e)
	}
	if len(h.absent) >= mostAbsent {
		clear(h.absent)
	}
	h.absent[name] = now
}

// leave takes a folder out. It is closed when nobody holds it any more. The lock is held.
func (h *homes) leave(e *list.Element) {
	gone := h.recent.Remove(e).(*home)
	delete(h.open, gone.name)
	gone.left = true
	gone.checked.Store(0)
	if gone.holders == 0 {
		gone.root.Close()
	}
}

// release gives a folder back.
func (g *home) release() {
	h := g.of
	h.mu.Lock()
	defer h.mu.Unlock()
	if g.holders--; g.holders == 0 && g.left {
		g.root.Close()
	}
}

// good reports whether answers that are remembered may come from the folder, and counts as a use.
func (g *home) good(now int64) bool {
	fresh := int64(g.of.conf.Fresh.V)
	if age := now - g.checked.Load(); age >= fresh || -age >= fresh {
		return false
	}
	g.used.Store(now)
	return true
}

// closeUnused closes the folders that nobody asked for lately.
func (h *homes) closeUnused() {
	before := time.Now().Add(-h.conf.Fresh.V).UnixNano()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	for e := h.recent.Back(); e != nil; {
		next := e.Prev()
		if e.Value.(*home).used.Load() < before {
			h.leave(e)
		}
		e = next
	}
	if h.recent.Len() == 0 {
		h.tidy = nil
		return
	}
	h.tidy.Reset(h.conf.Fresh.V)
}

func (h *homes) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	if h.tidy != nil {
		h.tidy.Stop()
	}
	for h.recent.Len() > 0 {
		h.leave(h.recent.Front())
	}
}

// homesOf compiles a homes block, once for all who inherit it.
func (c *compiler) homesOf(conf *config.Homes) *homes {
	if c.h.opt.Store == nil {
		c.fail(conf.Pos, "there is nothing to serve files with", "")
		return nil
	}
	key := fmt.Sprint(conf.Prefix.V, conf.Folder.V, conf.Pattern.V, texts(conf.Users), texts(conf.Except), conf.FirstUID.V, conf.LastUID.V,
		conf.Links.V, conf.Open.V, conf.Fresh.V)
	if h := c.homes[key]; h != nil {
		return h
	}
	h := newHomes(conf, c.h.opt.Store)
	h.failed = func(err error) { c.h.report(0, err) }
	c.homes[key] = h
	c.h.homes = append(c.h.homes, h)
	return h
}
