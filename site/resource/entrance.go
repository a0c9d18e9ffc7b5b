package resource

import (
	"errors"
	"path/filepath"
)

// Links says which symbolic links below a root are followed.
type Links uint8

const (
	LinksInside Links = iota // those that stay inside the root
	LinksOwner               // those whose owner has what they lead to, also out of the root
	LinksNone                // none
)

var linksNames = [...]string{"inside", "owner", "none"}

func (l Links) String() string { return linksNames[l] }

// Entrance is a directory with the way in. The zero values of all but Dir are the plain way.
type Entrance struct {
	Dir string // absolute; the links that lead there are followed, whoever made them
	// Below is a folder below Dir, such as one that somebody else than the server's keeper may change: no link leads there
	// from anywhere else. Empty: Dir itself.
	Below string
	// Owned asks that the folder belongs to the user with the number Owner, or to root.
	Owned bool
	Owner uint32
	Links Links
}

// full is the directory's name.
func (e *Entrance) full() string { return filepath.Join(e.Dir, e.Below) }

// plain reports whether the directory is entered by its name alone.
func (e *Entrance) plain() bool { return e.Below == "" && !e.Owned && e.Links == LinksInside }

var (
	errNoLinks    = errors.New("symbolic link, and none is followed here")
	errOtherOwner = errors.New("symbolic link to what belongs to somebody else")
	errNotTheirs  = errors.New("the folder belongs to somebody else")
)
