package site

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/fcgi"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// anApplication runs h as an application on a Unix socket, and returns its address.
func anApplication(t testing.TB, h http.HandlerFunc) string {
	t.Helper()
	l := listenUnix(t)
	go fcgi.Serve(l, h)
	return "unix:" + l.Addr().String()
}

// listenUnix listens on a socket in a folder of its own, whose path is short enough for one.
func listenUnix(t testing.TB) net.Listener {
	t.Helper()
	dir, err := os.MkdirTemp("", "app")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(); os.RemoveAll(dir) })
	return l
}

// record is a record as an application writes it.
func record(kind byte, content string) string {
	h := []byte{1, kind, 0, 1, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(h[4:], uint16(len(content)))
	return string(h) + content
}

const endOfRequest = "\x01\x03\x00\x01\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"

// trick is an application that does with each connection what it is told to, once the request has come whole.
func trick(t testing.TB, f func(n int, c net.Conn)) string {
	t.Helper()
	l := listenUnix(t)
	go func() {
		for n := 1; ; n++ {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func(n int) {
				defer c.Close()
				f(n, c)
			}(n)
		}
	}()
	return "unix:" + l.Addr().String()
}

// takeRequest reads a request to its end, or returns false.
func takeRequest(c io.Reader) bool {
	_, _, ok := takeParams(c)
	return ok
}

// echo is an application that answers with what f makes of its parameters and of the request's body.
func echo(t testing.TB, f func(env map[string]string, body string) string) string {
	return trick(t, func(_ int, c net.Conn) {
		for {
			env, body, ok := takeParams(c)
			if !ok {
				return
			}
			answer := "Content-Type: text/plain\n\n" + f(env, body)
			records := ""
			for len(answer) > 0 {
				n := min(len(answer), 60000)
				records += record(6, answer[:n])
				answer = answer[n:]
			}
			io.WriteString(c, records+endOfRequest)
		}
	})
}

// takeParams reads a request to its end, and returns its parameters and its body.
func takeParams(c io.Reader) (env map[string]string, body string, ok bool) {
	var h [8]byte
	var params []byte
	var all strings.Builder
	for {
		if _, err := io.ReadFull(c, h[:]); err != nil {
			return nil, "", false
		}
		content := make([]byte, int(binary.BigEndian.Uint16(h[4:]))+int(h[6]))
		if _, err := io.ReadFull(c, content); err != nil {
			return nil, "", false
		}
		content = content[:len(content)-int(h[6])]
		switch {
		case h[1] == 4:
			params = append(params, content...)
		case h[1] == 5 && len(content) > 0:
			all.Write(content)
		case h[1] == 5:
			env = map[string]string{}
			length := func() int {
				n := int(params[0])
				if n < 0x80 {
					params = params[1:]
					return n
				}
				n = int(binary.BigEndian.Uint32(params) &^ (1 << 31))
				params = params[4:]
				return n
			}
			for len(params) > 0 {
				n, m := length(), length()
				env[string(params[:n])] = string(params[n : n+m])
				params = params[n+m:]
			}
			return env, all.String(), true
		}
	}
}

// scriptDump answers with which script was asked for.
func scriptDump(env map[string]string, body string) string {
	return env["SCRIPT_NAME"] + "|" + env["PATH_INFO"]
}
