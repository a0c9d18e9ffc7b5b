package site

import (
	"sync/atomic"

	"vitrine/config"
	"vitrine/site/coding"
	"vitrine/site/content"
)

// coder is a compress block, compiled: what is encoded, and how. It is immutable but for fixed.
type coder struct {
	conf    *config.Compress
	offered []content.Coding // the server's preference
	means   [content.Zstd + 1]means
	fixed   [content.Zstd + 1]atomic.Pointer[[]byte] // of the route's fixed answer, encoded
}

// means is how a coding is made.
type means struct {
	coding coding.Coding
	level  int
}

// key is what encoded content is kept under.
func (m means) key() uint32 { return uint32(m.coding)<<8 | uint32(m.level) }

// newCoder compiles a compress block; nil: nothing is encoded.
func newCoder(conf *config.Compress) *coder {
	if conf == nil || conf.Off.V || len(conf.Algorithms) == 0 {
		return nil
	}
	c := &coder{conf: conf}
	levels := [coding.Codings]int{coding.Gzip: conf.Gzip.V, coding.Brotli: conf.Brotli.V, coding.Zstd: conf.Zstd.V}
	for _, name := range conf.Algorithms {
		known, ok := content.LookupCoding([]byte(name.V))
		made, can := coding.Parse(name.V)
		if ok && can {
			c.offered = append(c.offered, known)
			c.means[known] = means{made, levels[made]}
		}
	}
	return c
}

// covers reports whether what has the media type and the size in bytes is encoded here, if a client wants it. A size of -1
// is not known.
func (c *coder) covers(mediaType string, size int64) bool {
	return !c.small(size) && c.takes(mediaType)
}

func (c *coder) small(size int64) bool { return size == 0 || size > 0 && size < c.conf.MinSize.V }

func (c *coder) takes(mediaType string) bool {
	for i := range c.conf.Types {
		if config.MatchType(c.conf.Types[i].V, mediaType) {
			return !config.CompressedType(mediaType)
		}
	}
	return false
}

// slots are how many responses may be encoded at once. They are safe for concurrent use.
type slots struct {
	limit int64
	taken atomic.Int64
}

// take takes one, which is given back by give. It returns false when there is none.
func (s *slots) take() bool {
	if s.taken.Add(1) > s.limit {
		s.taken.Add(-1)
		return false
	}
	return true
}

func (s *slots) give() { s.taken.Add(-1) }
