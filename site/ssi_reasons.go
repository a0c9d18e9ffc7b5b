package site

import "vitrine/trace"

// Pages with directives, and what they include.
var (
	IncludePage = trace.Declare("site.include-page", trace.Info,
		"The file is a page with directives, which are filled in for this request.", "")
	IncludeWhole = trace.Declare("site.include-whole", trace.Success,
		"The page was made before it was sent, so it has its length, and an entity tag of what it came to.", "")
	IncludeStreamed = trace.Declare("site.include-streamed", trace.Success,
		"The page is sent while it is made: nobody knows yet how long it gets and what version it is.", "")
	IncludeUnchanged = trace.Declare("site.include-unchanged", trace.Success,
		"The client has this version of the page already, with all that is included in it.", "RFC 9110 §15.4.5")
	IncludeCondition = trace.Declare("site.include-condition", trace.Refused,
		"The client asked for the page only if it is a certain version, and it is another one.", "RFC 9110 §15.5.13")
	IncludeTooLarge = trace.Declare("site.include-too-large", trace.Failed,
		"The file is larger than those that are looked into for directives.", "")
	IncludeUnread = trace.Declare("site.include-unread", trace.Failed,
		"The file could not be read, or has become shorter meanwhile.", "")
	IncludeTooLong = trace.Declare("site.include-too-long", trace.Failed,
		"With all that it includes, the page has become longer than the configuration allows.", "")
	Included = trace.Declare("site.included", trace.Info,
		"What the directive names is put into the page.", "")
	IncludeSized = trace.Declare("site.include-sized", trace.Info,
		"The directive asks for the size of a file, or when it was modified.", "")
	IncludeRefused = trace.Declare("site.include-refused", trace.Refused,
		"What the directive names was not answered with success, so the page has its error message there.", "")
	IncludeCut = trace.Declare("site.include-cut", trace.Failed,
		"What the directive names came to an end too early, so the page has its error message behind it.", "")
	IncludePath = trace.Declare("site.include-path", trace.Refused,
		"The directive names no path within the site, or with file nothing that lies below the page's folder.", "")
	IncludeLoop = trace.Declare("site.include-loop", trace.Failed,
		"The page includes itself, or a page that includes it.", "")
	IncludeDeep = trace.Declare("site.include-deep", trace.Failed,
		"Includes lie deeper in each other than the configuration allows.", "")
	IncludeMany = trace.Declare("site.include-many", trace.Failed,
		"The page has more includes, with those of the pages in it, than the configuration allows.", "")
	IncludeLate = trace.Declare("site.include-late", trace.Failed,
		"What the directive names was not made in the time that the page may take.", "")
	IncludeNoFile = trace.Declare("site.include-no-file", trace.Refused,
		"The directive asks about a file, and what it names is none.", "")
	ExecOff = trace.Declare("site.exec-off", trace.Refused,
		"The page asks to run something, and the configuration does not let pages do that.", "")
	ExecCommand = trace.Declare("site.exec-command", trace.Refused,
		"The page asks to run a command of the system, which no configuration allows: exec cgi and include virtual run scripts within their bounds.", "")
	ExecNoScript = trace.Declare("site.exec-no-script", trace.Refused,
		"Exec cgi names something that no script answers.", "")
)
