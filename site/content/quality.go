package content

import (
	"strings"

	"vitrine/web/message"
)

// Quality is how much a request wants a media type, in thousandths; parameters of the type do not count (RFC 9110 §12.5.1).
// Without an Accept field everything is welcome.
func Quality(f *message.Fields, mediaType string) int {
	essence, _, _ := strings.Cut(mediaType, ";")
	main, sub, _ := strings.Cut(message.Trim(essence), "/")
	return acceptQuality(f, main, sub)
}
