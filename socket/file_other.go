//go:build !unix

package socket

// size asks how long the file is now.
func (f *File) size() (int64, error) {
	i, err := f.F.Stat()
	if err != nil {
		return 0, err
	}
	return i.Size(), nil
}
