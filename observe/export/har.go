package export

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"vitrine/observe/journey"
)

// Options are what an export says about the program that wrote it.
type Options struct {
	Version string // of vitrine
}

// HAR writes journeys as an HTTP Archive 1.2 (http://www.softwareishard.com/blog/har-12-spec/), in the order given. It is what
// the server saw: times and addresses are its own, bodies are not in it, and secret values are not either. What HAR has no word
// for is in fields that begin with an underscore, as it asks: _journey, _site, _route, _reasons, _decisions and their like.
//
// Journeys are written one by one, so that a long list takes no more memory than it has already.
func HAR(w io.Writer, journeys []*journey.Journey, o Options) error {
	version := o.Version
	if version == "" {
		version = "unknown" // HAR wants one
	}
	name, err := json.Marshal(version)
	if err != nil {
		return err
	}
	b := bufio.NewWriterSize(w, 32<<10)
	fmt.Fprintf(b, "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"vitrine\",\"version\":%s},\n\"entries\":[", name)
	var line bytes.Buffer
	e := json.NewEncoder(&line)
	e.SetEscapeHTML(false)
	for i, j := range journeys {
		if i > 0 {
			b.WriteByte(',')
		}
		line.Reset()
		if err := e.Encode(entryOf(j)); err != nil {
			return err
		}
		b.WriteByte('\n')
		if _, err := b.Write(bytes.TrimSuffix(line.Bytes(), []byte("\n"))); err != nil {
			return err // the reader has gone: the rest need not be made
		}
	}
	b.WriteString("\n]}}\n")
	return b.Flush()
}
