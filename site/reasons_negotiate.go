package site

import "vitrine/trace"

// Which of several files is sent.
var (
	CandidateElsewhere = trace.Declare("site.variant-elsewhere", trace.Info,
		"The file is no variant here: its own path belongs to another route, or to a program, and their rules would not have been asked.", "")
	CandidateUnusable = trace.Declare("site.variant-unusable", trace.Info,
		"The file would be a variant, but it is not there or cannot be read.", "")
	TooManyCandidates = trace.Declare("site.variants-too-many", trace.Info,
		"There are more variants than are looked at, and this one and those behind it do not count.", "")
	MultipleChoices = trace.Declare("site.multiple-choices", trace.Success,
		"The client wants several variants equally, and gets the list to choose from.", "RFC 9110 §15.4.1")
	NotAcceptable = trace.Declare("site.not-acceptable", trace.Refused,
		"There is no variant that the client says it accepts; it gets the list of those there are.", "RFC 9110 §15.5.7")
	SiblingSent = trace.Declare("site.precompressed", trace.Info,
		"The file stands ready in a content coding that the client wants, and that is sent.", "RFC 9110 §8.4")
	SiblingUnwanted = trace.Declare("site.precompressed-unwanted", trace.Info,
		"The client does not want the file in this content coding, or wants another one at least as much.", "RFC 9110 §12.5.3")
	SiblingNone = trace.Declare("site.precompressed-plain", trace.Info,
		"The client wants none of the content codings in which the file stands ready, and gets it plain.", "RFC 9110 §12.5.3")
	SiblingStale = trace.Declare("site.precompressed-stale", trace.Info,
		"The precompressed file is older than the plain one, so it may hold what that was before; it is not sent.", "")
	MapFault = trace.Declare("site.type-map-fault", trace.Info,
		"This line of the type map is not understood, and does not count.", "")
	MapTooLong = trace.Declare("site.type-map-too-long", trace.Failed,
		"The type map is longer than one may be.", "RFC 9110 §15.6.1")
	MapUnusable = trace.Declare("site.type-map-unusable", trace.Failed,
		"The type map lists no variant that can be sent.", "RFC 9110 §15.5.5")
)
