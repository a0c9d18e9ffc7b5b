package apache

import "testing"

// Whom a trusted proxy names is the client; what strangers write is not read.
func TestProxies(t *testing.T) {
	root := folder(t, map[string]string{"only/page.txt": "page", "page.txt": "front"})
	theirs := startApache(t, root, []string{"remoteip", "authz_host"}, "RemoteIPHeader X-Forwarded-For\nRemoteIPInternalProxy 127.0.0.2 10.0.0.0/8\n"+
		"<Location /only/>\nRequire ip 192.0.2.0/24\n</Location>\n")
	ours := startVitrine(t, root, `
proxies {
  trusted = ["127.0.0.2", "10.0.0.0/8"]
}
site:
  route "/only/*" {
    access {
      allow = ["192.0.2.0/24"]
    }
  }`)
	for _, from := range []string{"127.0.0.1", "127.0.0.2"} {
		t.Run(from, func(t *testing.T) {
			var nonsense []differs
			if from == "127.0.0.2" {
				nonsense = []differs{{status, "a trusted proxy wrote what nobody understands: the request is refused, whatever the rules; for Apache the proxy is the client"}}
			}
			compareFrom(t, from, theirs, ours, []question{
				{"GET /page.txt", nil},
				{"GET /only/page.txt", nil},
				{"GET /only/page.txt\nX-Forwarded-For: 192.0.2.7", nil},
				{"GET /only/page.txt\nX-Forwarded-For: 192.0.2.7, 10.1.2.3", nil},
				{"GET /only/page.txt\nX-Forwarded-For: 192.0.2.7, 198.51.100.1", nil},
				{"GET /only/page.txt\nX-Forwarded-For: 198.51.100.1, 192.0.2.7", nil},
				{"GET /only/page.txt\nX-Forwarded-For: 198.51.100.1,192.0.2.7,10.1.2.3,10.4.5.6", nil},
				{"GET /only/page.txt\nX-Forwarded-For: 10.1.2.3", nil},
				{"GET /only/page.txt\nX-Forwarded-For: 192.0.2.7\nX-Forwarded-For: 198.51.100.1", nil},
				{"GET /only/page.txt\nX-Forwarded-For: 198.51.100.1\nX-Forwarded-For: 192.0.2.7", nil},
				{"GET /only/page.txt\nX-Forwarded-For: unknown", nil},
				{"GET /only/page.txt\nX-Forwarded-For: nonsense, 192.0.2.7", nil},
				{"GET /only/page.txt\nX-Forwarded-For: 192.0.2.7, nonsense", nonsense},
				{"GET /only/page.txt\nX-Forwarded-For: 2001:db8::1", nil},
				{"GET /only/page.txt\nX-Forwarded-For: ::ffff:192.0.2.7", nil},
				{"GET /only/page.txt\nX-Forwarded-For:", nil},
				{"GET /only/page.txt\nForwarded: for=192.0.2.7", nil},
			})
		})
	}
}
