package terminal

// AppendSentence appends a sentence as it stands at the beginning of a line with something behind it: its first
// letter is a capital, and it has no full stop. Those who declare Reasons write them either way.
func AppendSentence(dst []byte, s string) []byte {
	from := len(dst)
	dst = append(dst, s...)
	if n := len(dst); n > from && dst[n-1] == '.' {
		dst = dst[:n-1]
	}
	if len(dst) > from && 'a' <= dst[from] && dst[from] <= 'z' {
		dst[from] -= 'a' - 'A'
	}
	return dst
}
