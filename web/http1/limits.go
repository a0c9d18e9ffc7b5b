package http1

import "vitrine/web/message"

// Limits bound what a peer can make us keep. A zero or negative value is the default; only for BodyBytes it means
// that there is no bound.
type Limits struct {
	HeaderBytes  int   // first line and field lines with their line ends (431); 32768
	URIBytes     int   // the request's target (414); 8192
	HeaderCount  int   // field lines (431), at most message.MaxFields; 100
	BodyBytes    int64 // content without the chunks' framing (413)
	ChunkLine    int   // a chunk's size with its extensions (400); 256. Those of one body together: 64 times that
	TrailerBytes int   // trailer section (431); 4096
}

const (
	defaultHeaderBytes  = 32 << 10
	defaultURIBytes     = 8 << 10
	defaultHeaderCount  = 100
	defaultChunkLine    = 256
	defaultTrailerBytes = 4 << 10

	// maxMethod is the longest method that is looked at; the longest registered one has 17 bytes.
	maxMethod = 32
	// maxEmptyLines is how many empty lines before a request line are skipped; the standard asks for one.
	maxEmptyLines = 4
	// maxHead keeps offsets within 32 bits.
	maxHead = 1 << 30
	// chunkLines is how many times the bound of a chunk's line all extensions of a body may be together.
	chunkLines = 64
)

func orDefault(n, otherwise int) int {
	if n <= 0 {
		return otherwise
	}
	return n
}

func (l *Limits) headerBytes() int { return min(orDefault(l.HeaderBytes, defaultHeaderBytes), maxHead) }
func (l *Limits) uriBytes() int    { return min(orDefault(l.URIBytes, defaultURIBytes), maxHead) }
func (l *Limits) headerCount() int {
	return min(orDefault(l.HeaderCount, defaultHeaderCount), message.MaxFields)
}
func (l *Limits) chunkLine() int {
	return min(orDefault(l.ChunkLine, defaultChunkLine), maxHead/chunkLines)
}
func (l *Limits) trailerBytes() int {
	return min(orDefault(l.TrailerBytes, defaultTrailerBytes), maxHead)
}
