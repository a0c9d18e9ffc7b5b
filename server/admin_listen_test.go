package server

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	weburl "net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/observe/glass/api"
)

func TestWhoSpeaksTLSWhereThereIsNoneIsTold(t *testing.T) {
	l := run(t, withAdmin(""))
	before := AdminSecure.Reached()
	_, err := tls.Dial("tcp", l.admin(), &tls.Config{InsecureSkipVerify: true})
	if err == nil || !strings.Contains(err.Error(), "protocol version") || AdminSecure.Reached() == before {
		t.Errorf("it is told %v", err)
	}
}

func TestABusyPortIsAWarning(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	l := run(t, "admin \""+address+"\" {\n}\n"+answering(anywhere, "hello"))
	if _, body := l.get("/"); body != "hello" || l.server.AdminURL() != "" {
		t.Errorf("it answers %q, and the page is at %q", body, l.server.AdminURL())
	}
	if !strings.Contains(l.errors(), "there is no admin page") || !strings.Contains(l.errors(), "listens on "+address+" already") {
		t.Errorf("the error log is\n%s", l.errors())
	}
	taken.Close()
	l.reload("admin \"" + address + "\" {\n}\n" + answering(anywhere, "hello"))
	if status, _, _ := send(t, l.admin(), "GET /api/status HTTP/1.1\r\nHost: "+address+"\r\nConnection: close\r\n\r\n"); status != 200 {
		t.Errorf("when the port is free the page answers %d", status)
	}
}

func TestServeTakesTheNextPortForThePage(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	first := taken.Addr().(*net.TCPAddr).Port
	log := new(journal)
	defer log.Close()
	a := newAdmin(http.NotFoundHandler(), log)
	defer a.close()
	c := config.Default(config.ServeOptions{Root: t.TempDir()})
	c.Admin.Address.V = "127.0.0.1:" + strconv.Itoa(first)
	a.adopt(prepareAdmin(c, new(config.Diagnostics)))
	u, err := weburl.Parse(a.url())
	if err != nil || u.Port() == "" {
		t.Fatalf("the page is at %q", a.url())
	}
	if port, _ := strconv.Atoi(u.Port()); port <= first || port >= first+adminTries {
		t.Errorf("the page is on port %d, and %d is taken", port, first)
	}
}

func TestThePageMovesWithAReload(t *testing.T) {
	l := run(t, withAdmin(""))
	old := l.admin()
	to := freeAddress(t)
	l.reload("admin \"" + to + "\" {\n}\njourneys {\n  off = true\n}\n" + answering(anywhere, "two"))
	if l.admin() != to {
		t.Fatalf("the page is at %s", l.admin())
	}
	if _, err := net.DialTimeout("tcp", old, patience); err == nil {
		t.Error("it is at the old address too")
	}
	_, _, body := send(t, to, "GET /api/status HTTP/1.1\r\nHost: "+to+"\r\nConnection: close\r\n\r\n")
	var st api.Status
	if json.Unmarshal([]byte(body), &st); st.Recording.On || st.Admin != "http://"+to+"/" {
		t.Errorf("the server is %+v", st)
	}
	if said := l.reload("admin \"" + to + "\" {\n  token_file = \"none\"\n}\n" + answering(anywhere, "three")); !strings.Contains(said, "server.reload-refused") {
		t.Errorf("the error log says\n%s", said)
	}
	if status, _, _ := send(t, to, "GET /api/status HTTP/1.1\r\nHost: "+to+"\r\nConnection: close\r\n\r\n"); status != 200 {
		t.Errorf("a reload that failed changed the page: %d", status)
	}
	if at := netip.MustParseAddrPort(to); !l.server.IsAdmin(at) || !l.server.IsAdmin(netip.AddrPortFrom(netip.AddrFrom16(at.Addr().As16()), at.Port())) ||
		l.server.IsAdmin(netip.MustParseAddrPort(l.address())) || !l.server.IsAdmin(netip.AddrPortFrom(netip.IPv4Unspecified(), at.Port())) {
		t.Error("the server does not know its own page")
	}
	watching, err := net.DialTimeout("tcp", to, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer watching.Close()
	watching.SetDeadline(time.Now().Add(patience))
	io.WriteString(watching, "GET /api/journeys/stream HTTP/1.1\r\nHost: "+to+"\r\n\r\n")
	if _, err := watching.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	l.reload(answering(anywhere, "four"))
	if _, err := io.Copy(io.Discard, watching); os.IsTimeout(err) {
		t.Error("there is no page any more, and who watched still does")
	}
	if l.server.AdminURL() != "" || l.server.IsAdmin(netip.MustParseAddrPort(to)) {
		t.Errorf("the page is still at %s", l.server.AdminURL())
	}
	if _, err := net.DialTimeout("tcp", to, patience); err == nil {
		t.Error("the page is still there")
	}
}
