package config

// internalSetting closes a route to those who ask for it.
var internalSetting = &setting{name: "internal", kind: kindBool, initial: `false`,
	doc: "Whether the route answers only where the site itself leads: X-Accel-Redirect, the local redirect of a script, what a page includes, an error's page, a folder's index. " +
		"For whoever asks for such a path nothing is there: the answer is 404, whatever the method, and the reason is told to the server's keeper only.",
	also:  []string{"private", "hidden"},
	field: in(func(r *Route) any { return &r.Internal })}
