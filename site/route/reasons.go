package route

import "vitrine/trace"

// Why a route was or was not chosen.
var (
	Matched = trace.Declare("route.matched", trace.Info,
		"The route's pattern matches the path and the route answers the method; the first such route in the file answers.", "")
	OtherPath = trace.Declare("route.other-path", trace.Info,
		"The route's pattern does not match the path.", "")
	OtherMethod = trace.Declare("route.other-method", trace.Info,
		"The route's pattern matches the path, but the route does not answer the method.", "")
	NoRoute = trace.Declare("route.none", trace.Info,
		"No route's pattern matches the path, so what the site itself says holds.", "")
	MethodRefused = trace.Declare("route.method-refused", trace.Refused,
		"Routes match the path, but none of them answers the method; Allow names the methods that are answered.", "RFC 9110 §15.5.6")
)
