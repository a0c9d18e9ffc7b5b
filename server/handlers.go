package server

import (
	"net/http"

	"vitrine/site"
	"vitrine/web"
)

// applications are Go handlers as the sites know them.
func applications(handlers map[string]http.Handler) map[string]site.Application {
	all := make(map[string]site.Application, len(handlers))
	for name, h := range handlers {
		all[name] = web.AdaptHead(h)
	}
	return all
}
