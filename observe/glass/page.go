package glass

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// files are the page as it is: no step makes it from something else.
//
//go:embed page
var files embed.FS

// page serves the page's files. They are asked for anew each time, since the next version of the program has others.
func page() http.Handler {
	root, err := fs.Sub(files, "page")
	if err != nil {
		panic(err)
	}
	server := http.FileServerFS(root)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			fail(w, http.StatusMethodNotAllowed, "the page is only read", "")
			return
		}
		if media := types[path.Ext(r.URL.Path)]; media != "" { // the machine's own table may say otherwise
			w.Header().Set("Content-Type", media)
		}
		if name := strings.TrimPrefix(path.Clean(r.URL.Path), "/"); name != "" {
			if info, err := fs.Stat(root, name); err != nil || info.IsDir() {
				fail(w, http.StatusNotFound, "the page has no "+r.URL.Path, "begin at /")
				return
			}
		}
		w.Header().Set("Cache-Control", "no-cache")
		server.ServeHTTP(w, r)
	})
}

var types = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": "text/html; charset=utf-8",
	".svg": "image/svg+xml", ".txt": "text/plain; charset=utf-8", ".woff2": "font/woff2", ".json": "application/json",
}
