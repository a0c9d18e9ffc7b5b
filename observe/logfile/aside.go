package logfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// stamp is the time in the name of a file that was put aside, in UTC: access.log becomes
// access-20261121T214700.123Z.log. All stamps are of one length, so that names sort by time.
const stamp = "20060102T150405.000Z"

// parts are what stands before and behind the stamp in the names of a file's old ones.
func parts(name string) (prefix, suffix string) {
	suffix = filepath.Ext(name)
	prefix = strings.TrimSuffix(name, suffix)
	if filepath.Base(prefix) == "." || strings.HasSuffix(prefix, string(filepath.Separator)) || prefix == "" {
		prefix, suffix = name, "" // .log has no extension
	}
	return prefix + "-", suffix
}

// freeName is a name to put the file aside under that is not taken: the time, or a few milliseconds later.
func freeName(name string, at time.Time) (string, error) {
	prefix, suffix := parts(name)
	at = at.UTC().Truncate(time.Millisecond)
	for range 1000 {
		aside := prefix + at.Format(stamp) + suffix
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			return aside, nil
		} else if err != nil {
			return "", err
		}
		at = at.Add(time.Millisecond)
	}
	return "", fmt.Errorf("a thousand names near %s%s%s are taken", prefix, at.Format(stamp), suffix)
}

// prune removes the oldest of the files that were put aside until keep are left. It touches no other files.
func prune(name string, keep int) error {
	prefix, suffix := parts(name)
	prefix = filepath.Base(prefix)
	dir := filepath.Dir(name)
	entries, err := os.ReadDir(dir) // sorted by name, and so by time
	if err != nil {
		return err
	}
	var aside []string
	for _, e := range entries {
		rest, ok := strings.CutPrefix(e.Name(), prefix)
		if !ok {
			continue
		}
		if rest, ok = strings.CutSuffix(rest, suffix); !ok {
			continue
		}
		if _, err := time.Parse(stamp, rest); err == nil && len(rest) == len(stamp) {
			aside = append(aside, filepath.Join(dir, e.Name()))
		}
	}
	for len(aside) > keep {
		err = errors.Join(err, os.Remove(aside[0]))
		aside = aside[1:]
	}
	return err
}
