package apache

import "testing"

// Lists of folders: who gets one, and under which conditions. How they look is each server's own.
func TestListing(t *testing.T) {
	root := folder(t, map[string]string{"pub/a.txt": "a", "pub/b.html": "b", "pub/sub/": "", "closed/c.txt": "c", "full/index.html": "index"})
	theirs := startApache(t, root, []string{"autoindex"}, "<Directory "+root+"/pub>\nOptions Indexes\nIndexOptions FancyIndexing HTMLTable TrackModified Charset=utf-8\n</Directory>\n")
	ours := startVitrine(t, root, `
  route "/pub/*" {
    files {
      listing = true
    }
  }`)
	look := []differs{
		{body, "each has its own look"}, {"Content-Length", "so another length"}, {"Content-Type", "a space"},
		{"Last-Modified", "a folder's time is not that of the files' sizes and dates in the list; its entity tag is of all that is in it"},
		{"Vary", "who accepts JSON gets JSON"},
	}
	const holds = "a condition holds for a list as for a file"
	compare(t, theirs, ours, []question{
		{"GET /pub/", look},
		{"HEAD /pub/", look[1:]},
		{"GET /pub/?C=S;O=D", look},
		{"GET /pub", []differs{{"Location", "a relative reference holds whatever a proxy in front has taken from the path, or calls the host"}}},
		{"GET /closed/", []differs{{status, "403 would say that it is there"}}},
		{"GET /full/", nil},
		{"GET /pub/sub/", look},
		{"GET /pub/nothing/", nil},
		{"GET /pub/\nIf-None-Match: *", append(look[:len(look):len(look)], differs{status, holds})},
		{"GET /pub/\nIf-Match: \"x\"", append(look[:4:4], differs{status, holds}, differs{"Etag", "the page about the error has none"})},
		{"GET /pub/\nRange: bytes=0-5", append(look[:len(look):len(look)],
			differs{status, "a list is made anew for each request, and parts of two need not fit together"}, differs{"Content-Range", "so the whole is sent"})},
		{"GET /pub/\nAccept: application/json", look},
		{"POST /pub/\nContent-Length: 0", []differs{
			{status, "405 says what is wrong: nothing takes what is posted to a folder"}, {"Allow", "405 names what is answered"}}},
	})
}
