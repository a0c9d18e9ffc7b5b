//go:build !linux

package resource

import (
	"errors"
	"os"
)

// openGuarded opens a directory in the way that its entrance says, as far as the system can: that no link is followed, or
// only those of the same owner, cannot be had from it without a race.
func openGuarded(e Entrance) (tree, error) {
	if e.Links != LinksInside {
		return nil, errors.New("this system cannot follow some symbolic links and not others; links = \"inside\" is what it can do")
	}
	root, err := os.OpenRoot(e.Dir)
	if err != nil || e.Below == "" {
		return rootTree{root}, err
	}
	defer root.Close()
	inner, err := root.OpenRoot(e.Below)
	if err != nil {
		return nil, err
	}
	t := rootTree{inner}
	at, err := t.stat(".")
	if err == nil && e.Owned && at.owner.known && at.owner.user != e.Owner && at.owner.user != 0 {
		err = &os.PathError{Op: "open", Path: e.full(), Err: errNotTheirs}
	}
	if err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}
