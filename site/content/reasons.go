package content

import "vitrine/trace"

// Where the media type comes from.
var (
	reasonTypeBuiltIn = trace.Declare("content.type-built-in", trace.Info,
		"The media type comes from the built-in table, by the file name's extension.", "RFC 9110 §8.3")
	reasonTypeConfigured = trace.Declare("content.type-configured", trace.Info,
		"The media type comes from the configuration, by the file name's extension.", "RFC 9110 §8.3")
	reasonTypeFile = trace.Declare("content.type-file", trace.Info,
		"The media type comes from the table of types that the configuration names, by the file name's extension.", "RFC 9110 §8.3")
	reasonTypeMagic = trace.Declare("content.type-magic", trace.Info,
		"Nobody knows the extension, and the file's first bytes are those of this media type.", "RFC 9110 §8.3")
	reasonTypePattern = trace.Declare("content.type-pattern", trace.Info,
		"Nobody knows the extension, and the file's first bytes fit this pattern of the file of patterns that the configuration names.",
		"RFC 9110 §8.3")
	reasonTypeTame = trace.Declare("content.type-tame", trace.Info,
		"The file's first bytes look like something that a browser would run. Nothing but its bytes says so, so it is sent as the default type.",
		"RFC 9110 §8.3")
	reasonTypeExplicit = trace.Declare("content.type-explicit", trace.Info,
		"The media type is what the configuration says for everything here, whatever the extension.", "RFC 9110 §8.3")
	reasonTypeDefault = trace.Declare("content.type-default", trace.Info,
		"Nobody knows the extension, so the media type is the default one.", "RFC 9110 §8.3")
	reasonTypeNone = trace.Declare("content.type-none", trace.Info,
		"Nobody knows the extension and there is no default, so no media type is sent and the client has to guess.",
		"RFC 9110 §8.3")
)

// What the preconditions came to.
var (
	reasonConditionsHeld = trace.Declare("content.preconditions-held", trace.Info,
		"The request's preconditions hold, so it is answered as if it had none.", "RFC 9110 §13.2.2")
	reasonConditionVoid = trace.Declare("content.precondition-ignored", trace.Info,
		"The request's precondition is ignored, since its date is invalid or there is none to compare it with.", "RFC 9110 §13.1.3")
	reasonNotModifiedTag = trace.Declare("content.not-modified-tag", trace.Success,
		"The client has this version already: its If-None-Match names the current entity tag.", "RFC 9110 §13.1.2")
	reasonNotModifiedDate = trace.Declare("content.not-modified-date", trace.Success,
		"The client has this version already: the file was not modified since the date in If-Modified-Since.",
		"RFC 9110 §13.1.3")
	reasonConditionFailed = trace.Declare("content.precondition-failed", trace.Refused,
		"The client asked for an answer only if the file is a certain version, and it is another one.",
		"RFC 9110 §15.5.13")
	reasonConditionsUnasked = trace.Declare("content.preconditions-unasked", trace.Info,
		"The request's preconditions and ranges do not count, since the answer is an error in any case.",
		"RFC 9110 §13.2.1")
)

// What is sent.
var (
	reasonWhole = trace.Declare("content.whole", trace.Success,
		"The whole representation is sent.", "RFC 9110 §15.3.1")
	reasonPart = trace.Declare("content.part", trace.Success,
		"One part of the representation is sent, as the request's Range asks.", "RFC 9110 §15.3.7.1")
	reasonParts = trace.Declare("content.parts", trace.Success,
		"Several parts of the representation are sent, as the request's Range asks.", "RFC 9110 §15.3.7.2")
	reasonRangeUnsatisfiable = trace.Declare("content.range-unsatisfiable", trace.Refused,
		"None of the ranges that the request asks for lies within the representation.", "RFC 9110 §15.5.17")
	reasonRangeIgnored = trace.Declare("content.range-ignored", trace.Info,
		"The request's Range is not followed, since it is malformed, in an unknown unit or asks for too much.",
		"RFC 9110 §14.2")
	reasonRangeOutdated = trace.Declare("content.range-outdated", trace.Info,
		"The request's Range is not followed, since its If-Range does not name the current version for certain.",
		"RFC 9110 §13.1.5")
	reasonRangeMethod = trace.Declare("content.range-method", trace.Info,
		"The request's Range is not followed, since it has a meaning only with GET.", "RFC 9110 §14.2")
	reasonRangeOff = trace.Declare("content.range-off", trace.Info,
		"The request's Range is not followed, since the configuration allows no ranges.", "RFC 9110 §14.3")
	reasonListing = trace.Declare("content.listing", trace.Success,
		"The directory is answered with a page that lists what is in it.", "")
	reasonListingJSON = trace.Declare("content.listing-json", trace.Success,
		"The directory is answered with a list in JSON, which the request prefers to a page.", "RFC 9110 §12.5.1")
)

// Which of several files is sent.
var (
	reasonTypeMap = trace.Declare("content.type-map", trace.Info,
		"The media type is what the type map says.", "RFC 9110 §8.3")
	reasonChosen = trace.Declare("content.variant", trace.Success,
		"Of the variants that there are, this one is what the client wants most.", "RFC 9110 §12.1")
	reasonForced = trace.Declare("content.variant-unwanted", trace.Success,
		"The client wants none of the variants that there are, and the configuration says to send the first all the same.", "RFC 9110 §12.1")
	reasonLost = trace.Declare("content.variant-lost", trace.Info,
		"Another variant is sent, or none.", "RFC 9110 §12.1")
)
