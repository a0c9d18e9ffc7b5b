package server

import "vitrine/trace"

// What happens in the life of a server.
var (
	Started = trace.Declare("server.started", trace.Info,
		"The configuration was read, every address is listened on, and requests are answered.", "")
	Reloaded = trace.Declare("server.reloaded", trace.Info,
		"The new configuration is in force; requests that had begun end with the old one.", "")
	ReloadRefused = trace.Declare("server.reload-refused", trace.Refused,
		"The new configuration cannot be used, so the old one goes on unchanged.", "")
	RestartNeeded = trace.Declare("server.restart-needed", trace.Info,
		"The new configuration changes something that only a restart can put in force.", "")
	Draining = trace.Declare("server.draining", trace.Info,
		"The server was told to stop: it accepts no more connections and answers what was received.", "")
	CutShort = trace.Declare("server.cut-short", trace.Failed,
		"The server stopped before every connection had ended.", "")
	Stopped = trace.Declare("server.stopped", trace.Info,
		"The server has stopped.", "")
	NetworkDown = trace.Declare("server.network-down", trace.Failed,
		"The interface of the own network is down; nothing is sent or received until it is up again.", "")
	NetworkUp = trace.Declare("server.network-up", trace.Info,
		"The interface of the own network is up again.", "")
	NetworkLost = trace.Declare("server.network-lost", trace.Failed,
		"The interface of the own network was removed, so nobody can reach the server any more, and it ends.", "")
	NetworkFixed = trace.Declare("server.network-fixed", trace.Refused,
		"The new configuration has another network, which cannot be changed while connections are on the present one.", "")
	EngineError = trace.Declare("server.error", trace.Failed,
		"The server or a handler met an error that belongs to no request.", "")
)

// Who may look at the page about the running server.
var (
	AdminHost = trace.Declare("admin.host", trace.Refused,
		"The page is asked for under a name that is not its own: a web page may have a name of its own lead here, to read what is only for this machine.", "")
	AdminOrigin = trace.Declare("admin.origin", trace.Refused,
		"The request was made by another web page, and only the page itself may ask.", "RFC 6454 §5")
	AdminCrossSite = trace.Declare("admin.cross-site", trace.Refused,
		"The browser says that another web page has caused the request, and only the page itself may ask.", "Fetch Metadata §2.3")
	AdminProxied = trace.Declare("admin.proxied", trace.Refused,
		"The request came through a proxy, so nobody knows who asks.", "RFC 9110 §7.6.3")
	AdminMethod = trace.Declare("admin.method", trace.Refused,
		"The admin listener is asked to forward or to repeat a request, which it never does.", "RFC 9110 §9.3.6")
	AdminNoToken = trace.Declare("admin.no-token", trace.Refused,
		"The page is only for those who know its token, and the request brings none.", "RFC 6750 §3")
	AdminToken = trace.Declare("admin.wrong-token", trace.Refused,
		"The request brings another token than the page's.", "RFC 6750 §3.1")
	AdminTries = trace.Declare("admin.too-many-tries", trace.Refused,
		"This client has brought too many wrong tokens, and has to wait until the next one is looked at.", "RFC 6585 §4")
	AdminFull = trace.Declare("admin.full", trace.Refused,
		"As many clients as there may be are connected to the page already, so the connection is closed.", "")
	AdminPlain = trace.Declare("admin.plain", trace.Refused,
		"This port speaks TLS, and the client sent plain HTTP: the page begins with https://.", "")
	AdminSecure = trace.Declare("admin.secure", trace.Refused,
		"This port speaks plain HTTP, and the client began with TLS: the page begins with http://.", "")
	AdminBusy = trace.Declare("admin.busy", trace.Failed,
		"The address of the page cannot be listened on, so there is no page; requests are served all the same.", "")
)

// SpansLost is why a journey is not at the collector.
var SpansLost = trace.Declare("server.spans-lost", trace.Failed,
	"Journeys could not be sent to the collector of spans and are lost to it; the page still shows them.", "")

// What a dry run tells besides what the site decides.
var (
	Considered = trace.Declare("clients.passed-over", trace.Info,
		"The network does not decide about this client.", "")
	NetworkOwn = trace.Declare("listener.own-network", trace.Info,
		"The server's own TCP/IP stack carries the connection, from the frame on the adapter to the bytes of the request.", "")
	ListenerChosen = trace.Declare("listener.chosen", trace.Info,
		"A connection to the URL's host and port arrives at this listener.", "")
	ListenerAssumed = trace.Declare("listener.assumed", trace.Info,
		"The URL names no port and nothing listens on port 80, so this listener is taken to be meant.", "")
	ListenerLocal = trace.Declare("listener.localhost", trace.Info,
		"Localhost is this machine, whose kernel carries none of the server's connections: a client would ask for an address of the server's own network.", "")
	ListenerOther = trace.Declare("listener.passed-over", trace.Info,
		"The listener has another address or port than the URL.", "")
	ListenerNone = trace.Declare("listener.none", trace.Refused,
		"Nothing listens on the URL's address and port, so a client would be refused the connection.", "")
)
