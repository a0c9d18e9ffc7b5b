package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// ErrOld says that a server has no API of this kind: it is of an older version, or another program's.
var ErrOld = errors.New("the server knows no such question")

// AnswerError is what the API says instead of an answer.
type AnswerError struct {
	Path   string // of the socket
	Status int    // of HTTP
	What   string // in words
	Hint   string // what to do; may be empty
}

func (e *AnswerError) Error() string { return e.What }

// longestEvent bounds an event of a stream, which holds one batch.
const longestEvent = 64 << 20

// Get asks the API, which the admin listener has too, and returns the answer as it comes. The path begins with "/api/".
// An answer that is none is an *AnswerError.
func (c *Client) Get(ctx context.Context, path string) (io.ReadCloser, error) {
	return c.api(ctx, http.MethodGet, path)
}

// Ask asks the API for a JSON value.
func (c *Client) Ask(ctx context.Context, path string, into any) error {
	body, err := c.Get(ctx, path)
	if err != nil {
		return err
	}
	defer body.Close()
	return json.NewDecoder(body).Decode(into)
}

// Stream calls each for every event of a stream of the API, until each fails, the context ends, or the server says that
// the stream is over: then it returns nil. A stream that ends without a word is io.ErrUnexpectedEOF.
func (c *Client) Stream(ctx context.Context, path string, each func(event string, data []byte) error) error {
	body, err := c.Get(ctx, path)
	if err != nil {
		return err
	}
	defer body.Close()
	err = events(body, func(event string, data []byte) error {
		if event == "end" {
			return errEnd
		}
		return each(event, data)
	})
	switch {
	case errors.Is(err, errEnd):
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

var errEnd = errors.New("end of the stream")

// events reads a stream of events (WHATWG HTML §9.2.6) as far as our servers use them: names and data, and comments. It
// returns each's error, or how the stream failed; io.ErrUnexpectedEOF when it only ended.
func events(r io.Reader, each func(event string, data []byte) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), longestEvent)
	name := ""
	var data []byte
	some := false
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 {
			if some {
				if err := each(name, data); err != nil {
					return err
				}
			}
			name, data, some = "", data[:0], false
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "event":
			name = string(value)
		case "data":
			if len(data)+len(value) > longestEvent {
				return bufio.ErrTooLong
			}
			if some {
				data = append(data, '\n')
			}
			data, some = append(data, value...), true
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

// Force has the server record every exchange of a client, whatever it chooses otherwise, until release is called or the
// server stops. It is in force when Force returns.
func (c *Client) Force(ctx context.Context, client netip.AddrPort) (release func(), err error) {
	body, err := c.api(ctx, http.MethodPost, "/api/force?client="+url.QueryEscape(client.String()))
	if err != nil {
		return nil, err
	}
	return func() { body.Close() }, nil
}

func (c *Client) api(ctx context.Context, method, path string) (io.ReadCloser, error) {
	resp, err := c.send(ctx, method, path)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	var said struct{ Error, Hint string }
	if json.Unmarshal(text, &said) == nil && said.Error != "" {
		return nil, &AnswerError{c.Path, resp.StatusCode, said.Error, said.Hint}
	}
	if resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusMethodNotAllowed {
		return nil, fmt.Errorf("%s: %w", c.Path, ErrOld)
	}
	return nil, &AnswerError{c.Path, resp.StatusCode, strings.TrimSpace(string(text)), ""}
}
