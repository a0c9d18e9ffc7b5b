package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// TestGlassExportsWhatIsMade: what other programs are given about answers that are encoded, put together, made by a script
// piece by piece, cut into parts or refused agrees with what happened.
func TestGlassExportsWhatIsMade(t *testing.T) {
	where, err := place()
	if err != nil {
		t.Fatal(err)
	}
	config := strings.Replace(resourcesConfig, "most = 0", fmt.Sprintf(`most = 0
  otlp "http://%s" {
    service  = "shop"
    interval = "100ms"
    headers  = { X-Tenant = "e2e" }
  }`, where.Host), 1)
	g := glaze(t, kernelNetwork, config, "", file{"passwords", "alice:$2a$04$/cjjOjMyFunR8K01BJg0d.qd6FnfHNq.4DUJn3yHISoz3brHTk.Pi\n"},
		file{"scripts/pieces", "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nfirst\\n'\nsleep 0.05\necho second\n"},
		file{"scripts/broken", "#!/bin/sh\necho no header\n"},
		file{"site/page.html.en", strings.Repeat("<p>in English</p>\n", 100)},
		file{"site/page.html.ko", strings.Repeat("<p>한국어</p>\n", 100)},
		file{"site/whole.shtml", "<!--#include virtual=\"/part.txt\" -->\n"},
		file{"site/part.txt", "a part\n"})
	receiver := g.receive(t, where.Host)
	credentials := &http.Request{Header: http.Header{}}
	credentials.SetBasicAuth("alice", secretCookie)
	var all []sent
	for i, w := range []wanted{
		{target: "/part.txt", header: http.Header{"Traceparent": {"00-" + traceOf + "-" + parentOf + "-01"}, "Tracestate": {"shop=1"}}, status: 200, reason: "content.whole"},
		{target: "/page", header: http.Header{"Accept-Language": {"ko"}, "Accept-Encoding": {"gzip"}}, status: 200, reason: "content.whole"},
		{target: "/page", header: http.Header{"Range": {"bytes=0-9,100-119,-5"}}, status: 206, reason: "content.parts"},
		{target: "/cgi-bin/pieces", status: 200, reason: "cgi.answered"},
		{target: "/cgi-bin/pieces?again", header: http.Header{"Accept-Encoding": {"br"}}, status: 200, reason: "cgi.answered"},
		{target: "/cgi-bin/broken", status: 502, reason: "gateway.not-a-field"},
		{target: "/whole.shtml", status: 200, reason: "site.include-whole"},
		{target: "/account", status: 401, reason: "access.credentials-missing"},
		{target: "/account", header: credentials.Header, status: 200, reason: "site.respond"},
		{target: "/inside", header: http.Header{"X-Forwarded-For": {"203.0.113.77"}}, status: 403, reason: "access.elsewhere"},
	} {
		w.method, w.host = "GET", "shop.test"
		client := g.http // several on a connection: whoever reads the capture has to find where each ends
		if i%4 == 3 {
			client = g.other
		}
		all = append(all, g.send(t, client, w))
	}
	for _, s := range all {
		g.recorded(t, s.id)
	}
	t.Run("pcapng", func(t *testing.T) { captured(t, g, all) })
	t.Run("HAR", func(t *testing.T) { archived(t, g, all) })
	t.Run("metrics", func(t *testing.T) { measured(t, g, all) })
	t.Run("spans", func(t *testing.T) { receiver.spans(t, all) })
	untold(t, "the JSON", g.raw(t, "/api/journeys/json"))
	g.stop(t)
}
