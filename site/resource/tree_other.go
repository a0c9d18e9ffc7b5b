//go:build !linux

package resource

// openTree opens a directory.
func openTree(dir string) (tree, error) { return openRootTree(dir) }
