package config

import (
	"strings"

	"vitrine/trace"
)

// Compress is the compress block: which responses are encoded while they are sent, and how.
type Compress struct {
	Off        Value[bool]     // inherited from outside, and not wanted here
	Algorithms []Value[string] // "gzip", "br", "zstd"; the server's preference among those that a client wants equally
	Gzip       Value[int]      // levels of zlib
	Brotli     Value[int]
	Zstd       Value[int]      // levels of the zstd program
	MinSize    Value[int64]    // bytes; what is known to be shorter goes as it is
	Types      []Value[string] // media types, with * for anything
	Keep       Value[bool]     // what a file in memory was encoded to is kept with it
	Pos        trace.Position
}

// MatchType reports whether a pattern, such as "text/*" or "application/*+json", covers a media type, without regard to
// case and to the type's parameters. It does not allocate.
func MatchType(pattern, mediaType string) bool {
	if i := strings.IndexByte(mediaType, ';'); i >= 0 {
		mediaType = mediaType[:i]
	}
	mediaType = strings.TrimSpace(mediaType)
	before, after, star := strings.Cut(pattern, "*")
	if !star {
		return strings.EqualFold(pattern, mediaType)
	}
	if len(mediaType) < len(before)+len(after) {
		return false
	}
	return strings.EqualFold(mediaType[:len(before)], before) && strings.EqualFold(mediaType[len(mediaType)-len(after):], after)
}

// CompressedType reports whether what has a media type is compressed in itself: encoding it again costs time and makes
// it longer.
func CompressedType(mediaType string) bool {
	for _, pattern := range compressedTypes {
		if MatchType(pattern, mediaType) {
			return !strings.EqualFold(mediaType, "image/svg+xml")
		}
	}
	return false
}

// compressedTypes are the media types that are compressed in themselves.
var compressedTypes = []string{
	"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/heic", "image/heif", "image/jxl", "image/jp2",
	"video/*", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/aac", "audio/webm", "audio/flac", "audio/opus",
	"application/gzip", "application/x-gzip", "application/zip", "application/zstd", "application/x-bzip2", "application/x-xz",
	"application/x-7z-compressed", "application/vnd.rar", "application/java-archive", "application/vnd.android.package-archive",
	"application/vnd.openxmlformats-officedocument.*", "application/vnd.oasis.opendocument.*", "application/epub+zip",
	"application/vnd.debian.binary-package", "font/woff", "font/woff2",
}
