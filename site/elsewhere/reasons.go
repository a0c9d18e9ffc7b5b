package elsewhere

import "vitrine/trace"

// Why a server was chosen, or not.
var (
	ByNetwork = trace.Declare("elsewhere.by-network", trace.Info,
		"The client's address is in a network of this server, and no other server has a smaller network that contains it.", "")
	ByAffinity = trace.Declare("elsewhere.by-affinity", trace.Info,
		"The client's address and the servers' weights lead to this server, and always to the same one while it is well.", "")
	Unwell = trace.Declare("elsewhere.unwell", trace.Info,
		"The server did not answer well when it was asked, so no client is sent there.", "")
	PassedOver = trace.Declare("elsewhere.passed-over", trace.Info,
		"Another server is for this client.", "")
	NoneWell = trace.Declare("elsewhere.none-well", trace.Info,
		"No other server is well, so the client is answered here.", "")
)
