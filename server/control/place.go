package control

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// systemFolder is where services keep their sockets. Tests have another one.
var systemFolder = "/run/vitrine"

// suffix is how the name of a socket ends; a process's number stands before it.
const suffix = ".sock"

// usual are the folders in which this user's servers have their sockets, the best one first: what the service manager gave
// this service, the folder of the user's session, the system's for root, and one of the user's for temporary files.
func usual(getenv func(string) string) []string {
	if given, _, _ := strings.Cut(getenv("RUNTIME_DIRECTORY"), ":"); filepath.IsAbs(given) {
		return []string{given}
	}
	var all []string
	if session := getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(session) {
		all = append(all, filepath.Join(session, "vitrine"))
	}
	if os.Getuid() == 0 { // of a user namespace, perhaps, and not of the system
		all = append(all, systemFolder)
	}
	return append(all, temporary())
}

func temporary() string {
	return filepath.Join(os.TempDir(), "vitrine-"+strconv.Itoa(os.Getuid()))
}

// folders is every place where a server may be whom this user may ask.
func folders(getenv func(string) string) []string {
	all := usual(getenv)
	for _, f := range []string{temporary(), systemFolder} {
		if !slices.Contains(all, f) {
			all = append(all, f)
		}
	}
	return all
}

// makeFolder makes the folder of a socket, for its owner alone. One that is there and that others may write to is
// refused: they could put a socket of theirs in the place of ours.
func makeFolder(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is no folder", path)
	case !trusted(info):
		return fmt.Errorf("%s belongs to another user, or others may write to it", path)
	}
	return nil
}

// sockets is every socket that a server may listen on, in the usual places, and the places that this user may not look
// into.
func sockets(getenv func(string) string) (all, denied []string) {
	for _, f := range folders(getenv) {
		entries, err := os.ReadDir(f)
		if errors.Is(err, fs.ErrPermission) {
			denied = append(denied, f)
		}
		// What others put into a folder is nobody's answer. The system's folder is a service's own, whoever that is.
		if info, err := os.Lstat(f); err != nil || f != systemFolder && !trusted(info) {
			continue
		}
		for _, e := range entries {
			name, ok := strings.CutSuffix(e.Name(), suffix)
			if _, err := strconv.Atoi(name); ok && err == nil {
				all = append(all, filepath.Join(f, e.Name()))
			}
		}
	}
	return all, denied
}

// Foreign are the sockets of other users' servers, as far as this user may see them: root's own are not among them. Nobody is
// asked, since anybody may put what he likes in his own folder; whoever knows the server names its socket.
func Foreign() (all []string) {
	for _, pattern := range []string{filepath.Join(os.TempDir(), "vitrine-*"), "/run/user/*/vitrine"} {
		found, _ := filepath.Glob(filepath.Join(pattern, "*"+suffix))
		for _, path := range found {
			if info, err := os.Lstat(filepath.Dir(path)); err == nil && info.IsDir() && !trusted(info) && len(all) < mostForeign {
				all = append(all, path)
			}
		}
	}
	return all
}

// mostForeign bounds Foreign.
const mostForeign = 8
