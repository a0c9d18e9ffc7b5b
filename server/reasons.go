package server

import "vitrine/trace"

// What happens in the life of a server.
var (
	Started = trace.Declare("server.started", trace.Info,
		"the configuration was read, every address is listened on, and requests are answered", "")
	Reloaded = trace.Declare("server.reloaded", trace.Info,
		"the new configuration is in force; requests that had begun end with the old one", "")
	ReloadRefused = trace.Declare("server.reload-refused", trace.Refused,
		"the new configuration cannot be used, so the old one goes on unchanged", "")
	RestartNeeded = trace.Declare("server.restart-needed", trace.Info,
		"the new configuration changes something that only a restart can put in force", "")
	Draining = trace.Declare("server.draining", trace.Info,
		"the server was told to stop: it accepts no more connections and answers what was received", "")
	CutShort = trace.Declare("server.cut-short", trace.Failed,
		"the server stopped before every connection had ended", "")
	Stopped = trace.Declare("server.stopped", trace.Info,
		"the server has stopped", "")
	NetworkDown = trace.Declare("server.network-down", trace.Failed,
		"the interface of the own network is down; nothing is sent or received until it is up again", "")
	NetworkUp = trace.Declare("server.network-up", trace.Info,
		"the interface of the own network is up again", "")
	NetworkLost = trace.Declare("server.network-lost", trace.Failed,
		"the interface of the own network was removed, so nobody can reach the server any more, and it ends", "")
	NetworkFixed = trace.Declare("server.network-fixed", trace.Refused,
		"the new configuration has another network, which cannot be changed while connections are on the present one", "")
	EngineError = trace.Declare("server.error", trace.Failed,
		"the server or a handler met an error that belongs to no request", "")
)

// What a dry run tells besides what the site decides.
var (
	Considered = trace.Declare("clients.passed-over", trace.Info,
		"the network does not decide about this client", "")
	NetworkOwn = trace.Declare("listener.own-network", trace.Info,
		"the server's own TCP/IP stack carries the connection, from the frame on the adapter to the bytes of the request", "")
	ListenerChosen = trace.Declare("listener.chosen", trace.Info,
		"a connection to the URL's host and port arrives at this listener", "")
	ListenerAssumed = trace.Declare("listener.assumed", trace.Info,
		"the URL names no port and nothing listens on port 80, so this listener is taken to be meant", "")
	ListenerOther = trace.Declare("listener.passed-over", trace.Info,
		"the listener has another address or port than the URL", "")
	ListenerNone = trace.Declare("listener.none", trace.Refused,
		"nothing listens on the URL's address and port, so a client would be refused the connection", "")
)
