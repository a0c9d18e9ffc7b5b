package site

import "vitrine/trace"

// Which site answers.
var (
	Arrived = trace.Declare("site.listener", trace.Info,
		"The connection came in on this listener, and the sites that it serves are the ones to choose from.", "")
	ByAddress = trace.Declare("site.by-address", trace.Info,
		"The site claims the local address that the client connected to, whatever host is asked for.", "")
	ByHost = trace.Declare("site.by-host", trace.Info,
		"The site has the host that is asked for.", "RFC 9110 §7.2")
	ByWildcard = trace.Declare("site.by-wildcard", trace.Info,
		"The site's wildcard is the longest that covers the host that is asked for.", "")
	ByDefault = trace.Declare("site.by-default", trace.Info,
		"No site claims the host, and this one is the default.", "")
	ByBeingOnly = trace.Declare("site.by-being-only", trace.Info,
		"The request names no host, as HTTP/1.0 allows, and this is the listener's only site.", "RFC 9112 §3.3")
	PassedOver = trace.Declare("site.passed-over", trace.Info,
		"The site does not answer for this host on this listener, or another one has the better claim.", "")
	UnknownHost = trace.Declare("site.unknown-host", trace.Refused,
		"No site here has the host that is asked for, and none is the default.", "RFC 9110 §15.5.20")
	NoHost = trace.Declare("site.no-host", trace.Refused,
		"The request names no host, and there are several sites here and no default.", "RFC 9112 §3.3")
	SchemeUnmet = trace.Declare("site.scheme-unmet", trace.Refused,
		"The request is for an https URL and came over a connection without TLS, where nobody can have checked who answers.", "RFC 9110 §7.4")
	ListenerGone = trace.Declare("site.listener-gone", trace.Refused,
		"The listener that the connection came in on is not in the configuration any more.", "RFC 9110 §15.5.20")
)

// What the server as a whole does not do.
var (
	NoTunnel = trace.Declare("site.no-tunnel", trace.Refused,
		"CONNECT asks for a tunnel, and this server is no proxy.", "RFC 9110 §9.3.6")
	NoEcho = trace.Declare("site.no-echo", trace.Refused,
		"TRACE asks to send the request back; that is refused, since it would show a script the cookies and credentials that are hidden from it.", "RFC 9110 §9.3.8")
	UnknownMethod = trace.Declare("site.unknown-method", trace.Refused,
		"No part of this server knows the method.", "RFC 9110 §15.6.2")
	UnknownExpectation = trace.Declare("site.unknown-expectation", trace.Refused,
		"The request expects something other than 100-continue.", "RFC 9110 §10.1.1")
	ServerOptions = trace.Declare("site.server-options", trace.Success,
		"OPTIONS * asks what the server as a whole understands.", "RFC 9110 §9.3.7")
)

// Who may do what at the path.
var (
	PathOptions = trace.Declare("site.options", trace.Success,
		"OPTIONS asks which methods are answered here, and Allow names them.", "RFC 9110 §9.3.7")
	FilesMethod = trace.Declare("site.files-method", trace.Refused,
		"Files are only read here; Allow names the methods that are answered.", "RFC 9110 §15.5.6")
	BodyTooLarge = trace.Declare("site.body-too-large", trace.Refused,
		"The request announces a body longer than is accepted here.", "RFC 9110 §15.5.14")
	CodedRequest = trace.Declare("site.coded-request", trace.Refused,
		"The request's body has a content coding, and nobody here decodes it.", "RFC 9110 §15.5.16")
)

// Whether the client may.
var (
	AddressAllowed = trace.Declare("access.allowed", trace.Info,
		"The rules about where the client is let it in.", "")
	AddressDenied = trace.Declare("access.denied", trace.Refused,
		"A network that may not have this contains the client's address.", "RFC 9110 §15.5.4")
	AddressElsewhere = trace.Declare("access.elsewhere", trace.Refused,
		"Only some networks may have this, and none contains the client's address.", "RFC 9110 §15.5.4")
	AddressHidden = trace.Declare("access.hidden", trace.Refused,
		"Only some addresses may have this, and a proxy hides the client's.", "RFC 9110 §15.5.4")
	NameAsked = trace.Declare("access.name-asked", trace.Info,
		"No network decides about the client's address, so its names do.", "")
	NameElsewhere = trace.Declare("access.name-elsewhere", trace.Refused,
		"No network and no name that may have this is the client's.", "RFC 9110 §15.5.4")
	NameFailed = trace.Declare("access.name-failed", trace.Refused,
		"The client's names could not be found out, and so none of them may have this.", "RFC 9110 §15.5.4")
	NameUnasked = trace.Declare("access.name-unasked", trace.Refused,
		"A name decides, and in a dry run nobody is asked for the client's: a real request would wait for the answer.", "")
	NoNames = trace.Declare("access.no-names", trace.Refused,
		"A name decides, and nobody here can find out the client's.", "")
	UserAllowed = trace.Declare("access.user", trace.Info,
		"The client has proven to be a user who may have this.", "RFC 9110 §11.6.2")
	UserElsewhere = trace.Declare("access.user-elsewhere", trace.Refused,
		"The client has proven to be a user, and another one than may have this.", "RFC 9110 §15.5.4")
	PreflightAllowed = trace.Declare("access.preflight", trace.Info,
		"A browser asks without credentials whether a page of another origin may send a request, and the configuration lets it.", "")
	CredentialsMissing = trace.Declare("access.credentials-missing", trace.Refused,
		"A user is asked for, and the request has no credentials.", "RFC 9110 §15.5.2")
	CredentialsImproper = trace.Declare("access.credentials-improper", trace.Refused,
		"The request's credentials are malformed, or not for this request.", "RFC 7616 §3.4")
	SchemeOther = trace.Declare("access.scheme-other", trace.Refused,
		"The request's credentials are of a scheme, a realm or an algorithm that is not offered here.", "RFC 9110 §15.5.2")
	PasswordWrong = trace.Declare("access.password-wrong", trace.Refused,
		"There is no such user, or the password is another one.", "RFC 9110 §15.5.2")
	NonceForeign = trace.Declare("access.nonce-foreign", trace.Refused,
		"The proof is right, and its nonce is none that this server has made since it started, so the client gets another one.", "RFC 7616 §3.3")
	NonceOld = trace.Declare("access.nonce-old", trace.Refused,
		"The proof is right, and its nonce is too old, so the client gets another one.", "RFC 7616 §3.3")
	NonceReplayed = trace.Declare("access.nonce-replayed", trace.Refused,
		"The proof is right, and came before: somebody may have copied it, so the client gets another nonce.", "RFC 7616 §5.12")
	TooManyFailures = trace.Declare("access.too-many-failures", trace.Refused,
		"The client has sent so many wrong passwords that no other one is looked at for a while.", "RFC 6585 §4")
	UsersKept = trace.Declare("access.users-kept", trace.Failed,
		"A file with users or groups cannot be read, and what it said before still holds.", "")
	UsersRead = trace.Declare("access.users-read", trace.Info,
		"A file with users or groups can be read again.", "")
	Unauthorized = trace.Declare("access.unauthorized", trace.Refused,
		"A name and a password are asked for here.", "RFC 9110 §15.5.2")
	RateAllowed = trace.Declare("access.rate-allowed", trace.Info,
		"The client asks no oftener than it may.", "")
	RateDelayed = trace.Declare("access.rate-delayed", trace.Info,
		"The client asks oftener than it may, and waits for its turn.", "")
	RateExceeded = trace.Declare("access.rate-exceeded", trace.Refused,
		"The client asks oftener than it may.", "RFC 6585 §4")
	RateCrowded = trace.Declare("access.rate-crowded", trace.Refused,
		"As many requests of the client are on their way as may be.", "RFC 6585 §4")
	RateExempt = trace.Declare("access.rate-exempt", trace.Info,
		"The client's address is not bounded.", "")
	SlowDown = trace.Declare("access.slow-down", trace.Refused,
		"Too many requests: try again later.", "RFC 6585 §4")
	AccessPassedOver = trace.Declare("access.passed-over", trace.Info,
		"The rule does not decide about this client.", "")
	AccessBusy = trace.Declare("access.busy", trace.Failed,
		"Too many requests wait already to be told whether they may.", "RFC 9110 §15.6.4")
	Forbidden = trace.Declare("access.forbidden", trace.Refused,
		"You may not have this.", "RFC 9110 §15.5.4")
)

// What answers.
var (
	Responded = trace.Declare("site.respond", trace.Success,
		"The route has a fixed answer.", "")
	RespondedError = trace.Declare("site.respond-error", trace.Refused,
		"This path is answered with an error, whoever asks.", "")
	Redirected = trace.Declare("site.redirect", trace.Success,
		"The route sends the client elsewhere.", "RFC 9110 §15.4")
	RedirectCircle = trace.Declare("site.redirect-circle", trace.Refused,
		"The client was redirected from one URL to the next ten times in a row, and this redirect would send it on again: they lead in a circle.", "RFC 5842 §7.2")
	Overloaded = trace.Declare("site.overloaded", trace.Success,
		"This server has more to do than its configuration wants, so the client is sent to another one.", "")
	NotOverloaded = trace.Declare("site.not-overloaded", trace.Info,
		"This server is not overloaded, so the client is answered here.", "")
	SentHere = trace.Declare("site.sent-here", trace.Info,
		"This server is overloaded, but another one that was has sent the client here, so it is not sent on.", "")
	NotMovable = trace.Declare("site.not-movable", trace.Info,
		"The redirect would lose the request's method or body, so the client is answered here.", "RFC 9110 §15.4")
	Nearer = trace.Declare("site.nearer", trace.Success,
		"Another server is for this client, so it is sent there.", "")
	Augmented = trace.Declare("site.augmented", trace.Success,
		"The URL lacks a parameter that belongs into it, so the client is sent to the same URL with it.", "")
	HasState = trace.Declare("site.has-state", trace.Info,
		"The URL has the parameter that belongs into it, or the request cannot be redirected.", "")
	NoState = trace.Declare("site.no-state", trace.Info,
		"The URL lacks a parameter, and the value for it is empty or not valid for this request, so the client is answered as it is.", "")
	BadLocation = trace.Declare("site.bad-location", trace.Failed,
		"The redirect leads nowhere: filled in for this request, its target is empty, or names a host outside the domain that it was written for.", "RFC 9110 §10.2.2")
	SlashMissing = trace.Declare("site.slash-missing", trace.Success,
		"The path leads to a folder and does not end with a slash, so the client is sent to the path that does: otherwise the page's relative links would lead elsewhere.", "")
	IndexElsewhere = trace.Declare("site.index-elsewhere", trace.Info,
		"The folder's index belongs to another route, such as one where a program answers, so that one is asked for it.", "")
	RouteInternal = trace.Declare("site.internal", trace.Refused,
		"The route is internal: it answers where the site itself leads, such as by X-Accel-Redirect, an include or an error's page, and nobody who asks for it.", "RFC 9110 §15.5.5")
	NothingHere = trace.Declare("site.nothing-here", trace.Refused,
		"Nothing answers here: no route matches the path, and the site has no files of its own.", "RFC 9110 §15.5.5")
	StripPrefix = trace.Declare("site.strip-prefix", trace.Info,
		"The prefix was taken from the front of the path before it is looked for under the root.", "")
	SingleFile = trace.Declare("site.file", trace.Info,
		"The route serves one file for every path that it matches.", "")
	HomeFound = trace.Declare("site.home", trace.Info,
		"The path leads into the folder of a user.", "")
	NoUserHome = trace.Declare("site.no-home", trace.Refused,
		"No user's folder is served under this name.", "RFC 9110 §15.5.5")
	IndexFound = trace.Declare("site.index", trace.Info,
		"The path leads to a folder, and this is its index.", "")
	NoIndex = trace.Declare("site.no-index", trace.Refused,
		"The path leads to a folder without an index, and folders are not listed here.", "RFC 9110 §15.5.5")
	MissingPage = trace.Declare("site.missing-page", trace.Info,
		"Nothing is at the path, so what the configuration names for that case is served.", "")
	NoMissingPage = trace.Declare("site.no-missing-page", trace.Failed,
		"What the configuration names for paths that lead to nothing could not be served itself.", "")
	TooManyRewalks = trace.Declare("site.too-many-internal-redirects", trace.Failed,
		"The request was led from one path of the site to the next too often, which looks like a circle.", "RFC 9110 §15.6.1")
	BadRewalk = trace.Declare("site.bad-internal-redirect", trace.Failed,
		"The request was to be led to another path of its site, and what was named is no path.", "RFC 9110 §15.6.1")
	ErrorPageChosen = trace.Declare("site.error-page", trace.Info,
		"The configuration has a page for the error.", "")
	ErrorPath = trace.Declare("site.error-path", trace.Info,
		"The page for the error is what another path of the site answers.", "")
	ErrorPageFailed = trace.Declare("site.error-page-failed", trace.Info,
		"The page that the configuration has for the error cannot be served, so the program's own is.", "")
	Busy = trace.Declare("site.busy", trace.Failed,
		"The file is not in memory, and too many requests wait for the disk already.", "RFC 9110 §15.6.4")
	Remembered = trace.Declare("site.remembered", trace.Info,
		"The path was answered before, and nothing that the answer was made of has changed since.", "")
)

// What becomes of the response's header.
var (
	ServerField = trace.Declare("header.server", trace.Info,
		"The Server field names the program.", "RFC 9110 §10.2.4")
	RuleApplied = trace.Declare("header.rule", trace.Info,
		"A header rule changed the response's header.", "")
	RuleElsewhere = trace.Declare("header.elsewhere", trace.Info,
		"The rule is for responses with another status, type or method.", "")
	Expiring = trace.Declare("header.expires", trace.Info,
		"The configuration says how long answers of this type may be kept.", "RFC 9111 §5.2.2.1")
	NotExpiring = trace.Declare("header.expires-idle", trace.Info,
		"The response says already how long it may be kept.", "RFC 9111 §5.2.2.1")
	RuleIdle = trace.Declare("header.default-idle", trace.Info,
		"The rule is for responses without the field, and this one has it.", "")
	RuleEmpty = trace.Declare("header.empty", trace.Info,
		"The rule's value is empty for this request, so there is no field.", "")
	RuleNotModified = trace.Declare("header.not-modified", trace.Info,
		"The field describes a body, and a response that says that nothing was modified has none.", "RFC 9110 §15.4.5")
	RuleHeldBack = trace.Declare("header.held-back", trace.Info,
		"The rule lets caches keep the response, and this one is an error that may be over sooner.", "RFC 9111 §4")
	Applied = trace.Declare("site.handler", trace.Info,
		"A Go handler of the program answers; its response is what it makes it.", "")
	Delivered = trace.Declare("site.delivered", trace.Info,
		"The response is complete and was handed to the connection.", "")
)

// In which coding the response is sent.
var (
	Encoded = trace.Declare("encode.coded", trace.Info,
		"The response is of a kind that is encoded here, and this is the coding that the client wants most.", "RFC 9110 §12.5.3")
	CodingNotAccepted = trace.Declare("encode.not-accepted", trace.Info,
		"The client asks for no coding that is produced here, or wants the response as it is more.", "RFC 9110 §12.5.3")
	IdentityRefused = trace.Declare("encode.identity-refused", trace.Info,
		"The client refuses the response as it is, and every coding that is produced here; it is sent as it is, rather than nothing.", "RFC 9110 §12.4.1")
	CodingStrong = trace.Declare("encode.strong", trace.Info,
		"The request is about one version byte by byte, and only the response as it is has an entity tag for that.", "RFC 9110 §13.1.1")
	CodingPart = trace.Declare("encode.part", trace.Info,
		"A part is sent, and the parts are those of the response as it is.", "RFC 9110 §14.2")
	CodingType = trace.Declare("encode.type", trace.Info,
		"The media type is none that is encoded here, or it is compressed in itself.", "")
	CodingSmall = trace.Declare("encode.small", trace.Info,
		"The response is too short to be worth it.", "")
	CodingNoBody = trace.Declare("encode.no-body", trace.Info,
		"The response has no content.", "RFC 9110 §6.4.1")
	CodedAlready = trace.Declare("encode.coded-already", trace.Info,
		"The response has a coding already.", "RFC 9110 §8.4")
	CodingForbidden = trace.Declare("encode.no-transform", trace.Info,
		"The response says that it is not to be transformed.", "RFC 9111 §5.2.2.6")
	CodingDigested = trace.Declare("encode.digested", trace.Info,
		"The response has a digest of its content, which would be another one.", "RFC 9530 §2")
	CodingLonger = trace.Declare("encode.longer", trace.Info,
		"Encoded, the response is no shorter.", "")
	CodingBusy = trace.Declare("encode.busy", trace.Info,
		"As many responses as may be are being encoded already, so this one goes as it is.", "")
)
