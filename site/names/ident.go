package names

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// IdentOptions say who is asked for the users of connections (RFC 1413), and how long. What is zero has a default.
type IdentOptions struct {
	Networks   []netip.Prefix // clients that are asked; none: nobody is
	Port       uint16         // 113
	Timeout    time.Duration  // 1 s
	Entries    int            // connections whose user is kept; 4096
	Concurrent int            // questions asked at once; 32
	Waiting    int            // questions that wait; 256
	// Dial connects to a client from the address that it is connected to. Nil: over the kernel's sockets.
	Dial func(ctx context.Context, local netip.Addr, remote netip.AddrPort) (net.Conn, error)
}

// Ident asks the machines of clients which of their users a connection belongs to. The answer is whatever the machine likes to
// say: it is for logs in a closed network, and proves nothing. It is safe for concurrent use.
type Ident struct {
	o   IdentOptions
	ask *asker[Pair, string]
}

// Pair is a connection: the client's end and ours, and its number, since another one may have the same ports later.
type Pair struct {
	Remote, Local netip.AddrPort
	Connection    uint64
}

// identKept is how long an answer is kept: for the requests of one connection.
const identKept = 10 * time.Minute

// NewIdent makes an Ident.
func NewIdent(o IdentOptions) *Ident {
	orDuration(&o.Timeout, time.Second)
	orInt(&o.Entries, 4096)
	orInt(&o.Concurrent, 32)
	orInt(&o.Waiting, 256)
	if o.Port == 0 {
		o.Port = 113
	}
	if o.Dial == nil {
		o.Dial = dialKernel
	}
	i := &Ident{o: o}
	i.ask = newAsker(o.Entries, o.Concurrent, o.Waiting, o.Timeout, func(p Pair) netip.Prefix { return networkOf(plain(p.Remote.Addr())) }, i.find)
	return i
}

func dialKernel(ctx context.Context, local netip.Addr, remote netip.AddrPort) (net.Conn, error) {
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))}
	return d.DialContext(ctx, "tcp", remote.String())
}

// Wants reports whether a client is one of those that are asked. It does not allocate.
func (i *Ident) Wants(client netip.Addr) bool {
	client = plain(client)
	for _, n := range i.o.Networks {
		if n.Contains(client) {
			return true
		}
	}
	return false
}

// Known is the user of a connection when that is known already; "" is a machine that would not say.
func (i *Ident) Known(p Pair) (user string, ok bool) { return i.ask.known.get(p, time.Now()) }

// Ask finds the user out while the connection is open, and calls done once, on any goroutine, also before Ask returns. It
// returns false, and never calls done, when as many questions wait as may.
func (i *Ident) Ask(p Pair, done func(user string, err error)) bool { return i.ask.ask(p, done) }

// Close gives up what is being asked.
func (i *Ident) Close() { i.ask.close() }

func (i *Ident) find(ctx context.Context, p Pair) (user string, keep time.Duration, err error) {
	keep = identKept
	if user, err = i.question(ctx, p); errors.Is(ctx.Err(), context.Canceled) {
		keep = 0
	}
	return user, keep, err
}

func (i *Ident) question(ctx context.Context, p Pair) (string, error) {
	local := p.Local.Addr().Unmap()
	c, err := i.o.Dial(ctx, local, netip.AddrPortFrom(p.Remote.Addr().Unmap(), i.o.Port))
	if err != nil {
		return "", err
	}
	defer c.Close()
	if until, ok := ctx.Deadline(); ok {
		c.SetDeadline(until)
	}
	stop := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := fmt.Fprintf(c, "%d, %d\r\n", p.Remote.Port(), p.Local.Port()); err != nil {
		return "", err
	}
	answer, err := line(c)
	if err != nil {
		return "", err
	}
	return ParseIdent(answer, p.Remote.Port(), p.Local.Port())
}

// longestIdent is the longest answer: RFC 1413 §4 has 512 characters of user and 1000 in all.
const longestIdent = 1000

// line is the first line that comes.
func line(r io.Reader) ([]byte, error) {
	buf := make([]byte, 0, longestIdent)
	for {
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if end := bytes.IndexByte(buf, '\n'); end >= 0 {
			return bytes.TrimSuffix(buf[:end], []byte{'\r'}), nil
		}
		switch {
		case len(buf) == cap(buf):
			return nil, fmt.Errorf("the answer is longer than %d bytes", longestIdent)
		case err == io.EOF && len(buf) > 0:
			return buf, nil
		case err == io.EOF:
			return nil, errors.New("the connection ended without an answer")
		case err != nil:
			return nil, err
		}
	}
}

// ParseIdent reads the answer for a pair of ports (RFC 1413 §6) and returns the user, as it was written but for blanks in front:
// what of it is fit to be shown is for whoever shows it to say.
func ParseIdent(answer []byte, theirs, ours uint16) (string, error) {
	text := string(answer)
	ports, rest, ok := strings.Cut(text, ":")
	if !ok {
		return "", errors.New("the answer is malformed: there is no colon in it")
	}
	first, second, ok := strings.Cut(ports, ",")
	if !ok || strings.TrimSpace(first) != strconv.Itoa(int(theirs)) || strings.TrimSpace(second) != strconv.Itoa(int(ours)) {
		return "", errors.New("the answer is about other ports")
	}
	kind, rest, _ := strings.Cut(rest, ":")
	switch strings.ToUpper(strings.TrimSpace(kind)) {
	case "ERROR":
		return "", fmt.Errorf("the client's machine says %.64q", strings.TrimSpace(rest))
	case "USERID":
	default:
		return "", errors.New("the answer is malformed: it is neither USERID nor ERROR")
	}
	_, user, ok := strings.Cut(rest, ":")
	if user = strings.TrimLeft(user, " \t"); !ok || user == "" {
		return "", errors.New("the answer is malformed: there is no user in it")
	}
	if len(user) > 512 {
		return "", errors.New("the user is longer than 512 bytes")
	}
	if strings.ContainsAny(user, "\x00\r\n") {
		return "", errors.New("the user has a line's end in it")
	}
	return user, nil
}
