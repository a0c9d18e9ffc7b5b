package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"vitrine/observe/glass/api"
	"vitrine/observe/terminal"
	"vitrine/server"
	"vitrine/server/control"
)

// Bounds of a request that is really sent.
const (
	bodyBound = 256 << 20       // of an answer that is read; what is longer is left, and the connection closed
	lookTime  = 3 * time.Second // for the server to have noted what it answered
	shortLook = 300 * time.Millisecond
	firstLook = 5 * time.Millisecond
	lastLook  = 200 * time.Millisecond // between looks for the journey, at most
)

// live is a request that is really sent, and what came of it.
type live struct {
	local, remote netip.AddrPort
	status        int
	long          bool // the body was longer than is read
	closed        bool // without a byte of an answer
}

// explainLive sends a request to the running server and tells what happened to it there.
func (p *program) explainLive(ctx context.Context, f explainFlags, text string) error {
	query, err := f.query(text)
	if err != nil {
		return err
	}
	head, host, port, err := query.Bytes()
	if err != nil {
		return &usageError{message: err.Error()}
	}
	address := net.JoinHostPort(host, strconv.Itoa(int(port)))
	if f.connect != "" {
		address = f.connect
	}
	client, status, err := p.askOf(ctx, f.ask, listeningOn(address))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	var who api.Status
	if err := client.Ask(ctx, "/api/status", &who); err != nil {
		return unasked(err, status)
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return p.notReached(err, address, status, f.timeout)
	}
	defer conn.Close()
	sent := &live{local: ends(conn.LocalAddr()), remote: ends(conn.RemoteAddr())}
	// From here on the server records what this client asks, whatever it chooses otherwise.
	release, err := client.Force(ctx, sent.local)
	if err != nil {
		return unasked(err, status)
	}
	defer release()
	dry, dryErr := dryRun(ctx, client, query, sent.local.Addr()) // before the request counts
	if err := sent.exchange(ctx, conn, head, query.Method); err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("no whole answer came from %s within %v; --timeout gives it longer", sent.remote, f.timeout)
		}
		return fmt.Errorf("what %s answered is no response of HTTP/1: %w", sent.remote, err)
	}
	patience := lookTime
	if sent.closed && dry != nil && dry.Status == 0 { // nothing was read, so there is nothing to be found
		patience = shortLook
	}
	id, err := findJourney(ctx, client, sent, patience)
	switch {
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return unasked(err, status)
	case id == "" && sent.closed && dry != nil && dry.Status == 0:
		return p.refusedUnread(sent, dry)
	case id == "":
		return notFound(sent, &who, status)
	}
	return p.tellLive(ctx, client, status, f, sent, id, dry, dryErr)
}

// notReached is a connection that was not made.
func (p *program) notReached(err error, address string, s control.Status, timeout time.Duration) error {
	hint := fmt.Sprintf("the server (process %d) listens on %s; --connect ADDRESS sends the request there, whatever the URL says", s.PID, strings.Join(s.Addresses, ", "))
	var unknown *net.DNSError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return &usageError{message: "nobody listens on " + address, hint: hint}
	case errors.As(err, &unknown):
		return &usageError{message: fmt.Sprintf("the name %s has no address", unknown.Name), hint: hint}
	case errors.Is(err, context.DeadlineExceeded):
		return &usageError{message: fmt.Sprintf("no connection to %s within %v", address, timeout), hint: hint}
	}
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return &usageError{message: fmt.Sprintf("no connection to %s: %v", address, err), hint: hint}
}

// ends is one end of a connection.
func ends(a net.Addr) netip.AddrPort {
	at := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
}

// exchange sends the request and reads the answer to its end, or to a bound. It keeps nothing of it but the status.
func (l *live) exchange(ctx context.Context, conn net.Conn, head []byte, method string) error {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	if _, err := conn.Write(head); err != nil && !isGone(err) {
		return l.failure(ctx, err)
	}
	in := bufio.NewReaderSize(&bounded{conn, bodyBound}, 64<<10)
	if _, err := in.Peek(1); err != nil {
		if errors.Is(err, io.EOF) || isGone(err) {
			l.closed = true
			return nil
		}
		return l.failure(ctx, err)
	}
	for {
		r, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return l.failure(ctx, err)
		}
		l.status = r.StatusCode
		if r.StatusCode < 200 && r.StatusCode != http.StatusSwitchingProtocols { // an interim response: the final one follows
			continue
		}
		_, err = io.Copy(io.Discard, r.Body)
		r.Body.Close()
		switch {
		case errors.Is(err, errBound):
			l.long = true
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		return nil // an answer that was cut short is one too, and the story says why
	}
}

func (l *live) failure(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// isGone reports whether the other end has closed the connection.
func isGone(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

var errBound = errors.New("longer than is read")

// bounded is a reader that fails behind so many bytes.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errBound
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// dryRun is what the server would answer to the same request, asked for without sending it.
func dryRun(ctx context.Context, client *control.Client, query server.Query, from netip.Addr) (*api.Explanation, error) {
	q := url.Values{"url": {query.URL}, "method": {query.Method}, "from": {from.String()}}
	for _, f := range query.Fields {
		q.Add("header", f[0]+": "+f[1])
	}
	if query.Old {
		q.Set("old", "1")
	}
	dry := new(api.Explanation)
	if err := client.Ask(ctx, "/api/explain?"+q.Encode(), dry); err != nil {
		return nil, err
	}
	return dry, nil
}

// findJourney is the id of what the client asked, once the server has noted it; "" when it does not in a while.
func findJourney(ctx context.Context, client *control.Client, sent *live, patience time.Duration) (string, error) {
	look, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	q := url.Values{"peer": {sent.local.Addr().String()}, "limit": {"1000"}}
	for pause := firstLook; ; pause = min(2*pause, lastLook) {
		var list api.Journeys
		if err := client.Ask(look, "/api/journeys?"+q.Encode(), &list); err != nil {
			return "", err
		}
		for _, j := range list.Journeys { // the youngest first
			peer := j.Peer
			if peer == "" {
				peer = j.Client
			}
			if at, err := netip.ParseAddrPort(peer); err == nil && netip.AddrPortFrom(at.Addr().Unmap(), at.Port()) == sent.local {
				return j.ID, nil
			}
		}
		select {
		case <-time.After(pause):
		case <-look.Done():
			return "", look.Err()
		}
	}
}

// refusedUnread tells of a connection that was closed before anything was read of it: there is no journey.
func (p *program) refusedUnread(sent *live, dry *api.Explanation) error {
	why, place := "", ""
	if dry.Verdict != nil {
		why = string(terminal.AppendSentence(nil, dry.Verdict.Reason.Sentence)) + " (" + dry.Verdict.Reason.ID + ")"
	}
	if dry.Position != nil {
		place = ", " + dry.Position.Text
	}
	fmt.Fprintf(p.out, "%s closed the connection without reading the request, so there is no journey.\nThe dry run says why: %s%s\n", sent.remote, why, place)
	return nil
}

// notFound says why there is no journey.
func notFound(sent *live, who *api.Status, s control.Status) error {
	answer := fmt.Sprintf("%s answered with status %d", sent.remote, sent.status)
	if sent.closed {
		answer = fmt.Sprintf("%s closed the connection without an answer", sent.remote)
	}
	if !who.Recording.On {
		return fmt.Errorf("%s, but the server (process %d) records nothing: take off = true out of its journeys block and reload it", answer, s.PID)
	}
	return &usageError{message: fmt.Sprintf("%s, but the server (process %d) knows of no request from %s: the address leads to another program, or through one", answer, s.PID, sent.local),
		hint: fmt.Sprintf("it listens on %s; --connect ADDRESS sends the request there, whatever the URL says; with several servers, --pid says which one is asked", strings.Join(s.Addresses, ", "))}
}

// tellLive prints the story, and whether the dry run says the same.
func (p *program) tellLive(ctx context.Context, client *control.Client, status control.Status, f explainFlags, sent *live, id string, dry *api.Explanation, dryErr error) error {
	var raw json.RawMessage
	if err := client.Ask(ctx, "/api/journeys/"+id, &raw); err != nil {
		return unasked(err, status)
	}
	var story api.Journey
	if err := json.NewDecoder(bytes.NewReader(raw)).Decode(&story); err != nil {
		return fmt.Errorf("the server sent what is no journey: %w", err)
	}
	difference := ""
	if dryErr == nil {
		difference = differs(&story, dry)
	}
	if f.json {
		out := map[string]any{"journey": raw}
		if dryErr == nil {
			verdict := map[string]any{"same": difference == ""}
			if difference != "" {
				verdict["difference"] = difference
			}
			out["dry_run"] = verdict
		}
		return writeJSON(p.out, out)
	}
	if err := p.tell(ctx, client, id, false); err != nil {
		return unasked(err, status)
	}
	s := style(p.out)
	b := []byte("\n")
	if sent.long {
		b = fmt.Appendf(b, "The body was read up to %s, and the connection closed then.\n", bytesOf(bodyBound))
	}
	switch {
	case dryErr != nil:
		b = fmt.Appendf(b, "A dry run was not to be had: %v\n", dryErr)
	case difference == "" && rehearsed(dry.Events) != "":
		b = append(s.Paint(b, terminal.Good, s.Glyph(terminal.Check)), " The dry run of this server says the same up to the program that answers, which it does not run.\n"...)
	case difference == "":
		b = append(s.Paint(b, terminal.Good, s.Glyph(terminal.Check)), " The dry run of this server says the same.\n"...)
	default:
		b = append(s.Paint(b, terminal.Refused, s.Glyph(terminal.Cross)), " The dry run of this server differs: "...)
		b = append(append(b, difference...), '\n')
	}
	_, err := p.out.Write(b)
	return err
}
