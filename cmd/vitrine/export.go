package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"vitrine/server/control"
)

// exportFormats are the forms in which journeys leave for other programs.
var exportFormats = []string{"har", "pcapng", "json"}

// export writes journeys for other programs: those that the query chooses, or the one that is named.
func (p *program) export(ctx context.Context, f journeysFlags, query url.Values) error {
	toFile := f.output != "" && f.output != "-"
	if !toFile && f.export == "pcapng" && style(p.out).Terminal {
		return &usageError{message: "a capture is no text, and the output is a terminal",
			hint: "name a file with -o journeys.pcapng, or look at it now: vitrine journeys --export pcapng -o - | wireshark -k -i -"}
	}
	var which *choice
	if f.id != "" {
		which = remembering(f.id)
	}
	client, status, err := p.askOf(ctx, f.ask, which)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	query.Set("limit", strconv.Itoa(f.number))
	path := "/api/journeys/" + f.export + "?" + query.Encode()
	if f.id != "" {
		id, err := wholeID(ctx, client, f.id)
		if err != nil {
			return unasked(err, status)
		}
		path = "/api/journeys/" + id + "/" + f.export
	}
	body, err := client.Get(ctx, path)
	if err != nil {
		return unasked(err, status)
	}
	defer body.Close()
	if !toFile {
		signal.Ignore(syscall.SIGPIPE) // whoever reads it may stop first: that is an end, too
		var out io.Writer = p.out
		if f.export != "pcapng" { // clients chose what is in it, and it may be a terminal that shows it
			out = &plainWriter{to: p.out}
		}
		if _, err := io.Copy(out, body); err != nil && !errors.Is(err, syscall.EPIPE) {
			return fmt.Errorf("the export was cut short: %w", err)
		}
		return nil
	}
	n, err := writeExport(f.output, body)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "%s bytes to %s; %s\n", number(uint64(n)), f.output, opens[f.export])
	return nil
}

// opens says what an export is opened with.
var opens = map[string]string{
	"har":    "a browser's developer tools open it (Network, Import HAR)",
	"pcapng": "wireshark and tshark open it",
	"json":   "jq reads it",
}

// writeExport writes a file whole or not at all. What is in it may be private, so it is for its owner alone. What is there
// and is no file, such as a pipe, is written to as it is.
func writeExport(path string, r io.Reader) (int64, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return 0, &usageError{message: path + " is a folder", hint: "name a file in it: -o " + filepath.Join(path, "journeys")}
		}
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return 0, err
		}
		defer file.Close()
		return io.Copy(file, r)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // its mode is 0600
	if err != nil {
		return 0, fmt.Errorf("%s cannot be written: %w", path, errors.Unwrap(err))
	}
	defer os.Remove(file.Name())
	n, err := io.Copy(file, r)
	if err != nil {
		file.Close()
		return 0, fmt.Errorf("the export was cut short, and %s was not written: %w", path, err)
	}
	if err := file.Close(); err != nil {
		return 0, err
	}
	return n, os.Rename(file.Name(), path)
}

// shortestID is how much of an id must be given.
const shortestID = 6

// wholeID is the id that a text is, or that it is the beginning of.
func wholeID(ctx context.Context, client *control.Client, text string) (string, error) {
	if len(text) == idColumn {
		return strings.ToLower(text), nil
	}
	return beginsSo(ctx, client, text)
}

// checkID refuses what cannot be an id, or the beginning of one, before a server is asked.
func checkID(text string) error {
	switch {
	case len(text) > idColumn || !isHex(text):
		return &usageError{message: fmt.Sprintf("%q is no journey's id", text), hint: "it has sixteen hexadecimal digits: vitrine journeys lists them, and so do the logs"}
	case len(text) < shortestID:
		return &usageError{message: fmt.Sprintf("%q is too little of an id to find a journey by", text), hint: fmt.Sprintf("give its first %d digits, or more", shortestID)}
	}
	return nil
}

func isHex(text string) bool {
	for _, c := range []byte(text) {
		if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F') {
			return false
		}
	}
	return text != ""
}
