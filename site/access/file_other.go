//go:build !unix

package access

import "os"

func signatureOf(info os.FileInfo) signature {
	return signature{size: info.Size(), mtime: info.ModTime().UnixNano()}
}

func openSoon(path string) (*os.File, error) { return os.Open(path) }
