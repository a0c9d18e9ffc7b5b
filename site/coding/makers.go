package coding

import (
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// makers make the libraries' encoders, at the libraries' levels. Each is bounded in memory by its window.
var makers = [Codings]func(level int) stream{
	Gzip: func(level int) stream {
		w, _ := gzip.NewWriterLevel(nil, level) // it fails for a level out of range only
		return w
	},
	Brotli: func(level int) stream {
		return brotli.NewWriterOptions(nil, brotli.WriterOptions{Quality: level, LGWin: brotliWindow})
	},
	Zstd: func(level int) stream {
		w, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevel(level)), zstd.WithEncoderConcurrency(1),
			zstd.WithWindowSize(zstdWindow), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true))
		return w
	},
}

// highest is the highest level that a library has.
const highest = 11

// gzipLevels are the library's levels that come out as small as zlib's, by zlib's level: within a hundredth on pages,
// scripts and data together (docs/decisions/0022-encoders.md). Its own 6 would be larger by a twentieth than zlib's, and its
// own 9 takes twice as long for a hundredth less.
var gzipLevels = [10]int{1: 2, 2: 3, 3: 4, 4: 5, 5: 6, 6: 7, 7: 8, 8: 8, 9: 8}

// librarys is the library's level for one that people know.
func librarys(c Coding, level int) int {
	switch c {
	case Gzip:
		return gzipLevels[level]
	case Zstd:
		return int(zstd.EncoderLevelFromZstd(level))
	}
	return level
}

// Windows: how far back the encoders look. Pages, scripts and data repeat themselves within less, and the encoder's
// memory grows with it, for each response that is being sent.
const (
	brotliWindow = 18        // its base-2 logarithm
	zstdWindow   = 256 << 10 // RFC 9659 §3 allows 8 MiB
)
