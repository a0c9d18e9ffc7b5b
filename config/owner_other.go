//go:build !unix

package config

import "io/fs"

// owner says whose a file is, where the system has owners that can be named by a number.
func owner(fs.FileInfo) string { return "" }
