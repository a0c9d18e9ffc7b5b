package apache

import "testing"

// Paths that lead elsewhere: aliases, redirects with what was captured, folders, homes.
func TestRedirects(t *testing.T) {
	root := folder(t, map[string]string{
		"sub/index.html": "sub", "archive/page.txt": "archived", "secret.txt": "s",
	})
	manual := folder(t, map[string]string{"index.html": "manual", "a/b.txt": "b"})
	homes := folder(t, map[string]string{
		"anna/web/index.html": "anna's", "anna/web/sub/x.txt": "x", "anna/private.txt": "p", "anna/web/.profile": "p", "ben/": "", "carl/web/c.txt": "c",
	})
	theirs := startApache(t, root, []string{"alias", "rewrite", "userdir"}, ""+
		"Redirect 301 /moved http://www.example.org/new\nRedirect 302 /for-now /later\nRedirect 303 /other /see\nRedirect 410 /gone\n"+
		"RedirectMatch 308 ^/([0-9]+)/(.*)\\.html$ /archive/$2?year=$1\n"+
		"Alias /manual "+manual+"\n<Directory "+manual+">\nRequire all granted\n</Directory>\n"+
		"UserDir "+homes+"/*/web\nUserDir disabled carl\n<Directory "+homes+">\nRequire all granted\n</Directory>\n<Files \".*\">\nRequire all denied\n</Files>\n"+
		"RewriteEngine On\nRewriteRule ^/shop/([a-z]+)/([0-9]+)$ /item?kind=$1&n=$2 [R=301,L]\n"+
		"RewriteRule ^/blog/(.*)$ /weblog/$1 [R=302,L]\nRewriteRule ^/drop$ /dropped? [R=302,L]\n")
	ours := startVitrine(t, root, `
  homes "/~" {
    pattern = "`+homes+`/*/web"
    except  = ["carl"]
  }
  route "/moved" {
    redirect "http://www.example.org/new" {
      status = 301
    }
  }
  route "/moved/*" {
    redirect "http://www.example.org/new/{path.tail}" {
      status = 301
    }
  }
  route "/for-now" {
    redirect "/later" {
    }
  }
  route "/other" {
    redirect "/see" {
      status = 303
    }
  }
  route "/gone" {
    respond {
      status = 410
    }
  }
  route "~ ^/([0-9]+)/(.*)\\.html$" {
    redirect "/archive/{match.2}?year={match.1}" {
      status = 308
    }
  }
  route "~ ^/shop/([a-z]+)/([0-9]+)$" {
    redirect "/item?kind={match.1}&n={match.2}" {
      status = 301
    }
  }
  route "~ ^/blog/(.*)$" {
    redirect "/weblog/{match.1}" {
    }
  }
  route "/drop" {
    redirect "/dropped" {
    }
  }
  route "/manual/*" {
    root         = "`+manual+`"
    strip_prefix = "/manual"
  }`)

	relative := []differs{{"Location", "a relative reference holds whatever a proxy in front has taken from the path, or calls the host"}}
	query := []differs{{"Location", "a target is what it says: whoever wants the query in it writes ?{query}; nginx's return is the same"}}
	compare(t, theirs, ours, []question{
		{"GET /moved", nil},
		{"GET /moved/a/b", nil},
		{"GET /moved/a%20b", nil},
		{"GET /moved/a%3Fb", nil},
		{"GET /moved/a%0d%0aSet-Cookie:%20x", nil},
		{"GET /moved?a=b", query},
		{"GET /movedx", nil},
		{"HEAD /moved", nil},
		{"POST /for-now\nContent-Length: 0", nil},
		{"GET /for-now", nil},
		{"GET /other", nil},
		{"GET /gone", nil},
		{"GET /2026/page.html", nil},
		{"GET /2026/a/b%20c.html", nil},
		{"GET /2026/%C3%BC.html", nil},
		{"GET /2026/a%26b.html", nil},
		{"GET /year/page.html", nil},
		{"GET /shop/hats/12", nil},
		{"GET /shop/hats/12?a=b", nil},
		{"GET /shop/HATS/12", nil},
		{"GET /blog/a/b", nil},
		{"GET /blog/a?b=c", query},
		{"GET /blog//evil.example/", nil},
		{"GET /drop?a=b", nil},

		{"GET /manual/", nil},
		{"GET /manual", relative},
		{"GET /manual/a/b.txt", nil},
		{"GET /manual/a", relative},
		{"GET /manuals", nil},
		{"GET /manual../secret.txt", nil},
		{"GET /manual/../secret.txt", nil},
		{"GET /sub", relative},
		{"GET /sub?a=b", relative},
		{"HEAD /sub", relative},

		{"GET /~anna/", nil},
		{"GET /~anna", relative},
		{"GET /%7Eanna/", nil},
		{"GET /~anna/sub", relative},
		{"GET /~anna/sub/x.txt", nil},
		{"GET /~anna/../private.txt", nil},
		{"GET /~anna/%2e%2e/private.txt", nil},
		{"GET /~anna/.profile", []differs{{status, "403 would say that it is there"}}},
		{"GET /~ben/", nil},
		{"GET /~carl/c.txt", nil},
		{"GET /~nobody-here/", nil},
		{"GET /~", nil},
		{"GET /~/", nil},
		{"GET /~../anna/private.txt", nil},
	})
}
