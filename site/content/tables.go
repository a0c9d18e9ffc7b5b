package content

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"os"
	"strings"

	"vitrine/config"
	"vitrine/trace"
)

// Tables are the files with types and patterns that a configuration names, each read once for all who name it. The zero
// value is ready. It is not safe for concurrent use.
type Tables struct {
	types    map[string]*mimeTable
	patterns map[string]*patternFile
}

type mimeTable struct {
	rows   []mimeRow
	faults []Fault
}

type patternFile struct {
	patterns *Patterns
	faults   []Fault
}

// Fault is something wrong with a file that a configuration names.
type Fault struct {
	Pos           trace.Position // in the file, or of the configuration when it cannot be read
	Summary, Hint string
}

// Bounds of the files that a configuration names.
const (
	longestTable = 4 << 20 // bytes
	mostFaults   = 10      // that are reported of one file
)

// readTable reads a file that a configuration names.
func readTable(name config.Value[string]) ([]byte, *Fault) {
	f, err := os.Open(name.V)
	if err != nil {
		return nil, &Fault{Pos: name.Pos, Summary: "the file cannot be read: " + err.Error()}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, longestTable+1))
	switch {
	case err != nil:
		return nil, &Fault{Pos: name.Pos, Summary: "the file cannot be read: " + err.Error()}
	case len(text) > longestTable:
		return nil, &Fault{Pos: name.Pos, Summary: fmt.Sprintf("the file has more than %d bytes", longestTable)}
	}
	return text, nil
}

// mimeRow is an extension of a table in the format of mime.types.
type mimeRow struct {
	extension, value string
	line             int
}

func (all *Tables) mimeTypes(name config.Value[string]) ([]mimeRow, []Fault) {
	if t := all.types[name.V]; t != nil {
		return t.rows, nil // its faults were told
	}
	t := new(mimeTable)
	text, fault := readTable(name)
	if fault != nil {
		t.faults = []Fault{*fault}
	} else {
		t.rows, t.faults = parseMimeTypes(name.V, text)
	}
	if all.types == nil {
		all.types = make(map[string]*mimeTable)
	}
	all.types[name.V] = t
	return t.rows, t.faults
}

// parseMimeTypes reads a table in the format of mime.types: a media type, then the extensions that mean it; # begins a
// comment. Later rows count more than earlier ones.
func parseMimeTypes(file string, text []byte) (rows []mimeRow, faults []Fault) {
	n := 0
	for line := range bytes.Lines(text) {
		n++
		line, _, _ = bytes.Cut(line, []byte{'#'})
		words := bytes.Fields(line)
		if len(words) < 2 {
			continue // a type without extensions is only named
		}
		value := string(words[0])
		if media, _, err := mime.ParseMediaType(value); err != nil || strings.Count(media, "/") != 1 {
			if len(faults) < mostFaults {
				faults = append(faults, Fault{Pos: trace.Position{File: file, Line: n, Column: 1},
					Summary: fmt.Sprintf("%.60q is no media type", value), Hint: "a line is a media type and the extensions that mean it, such as text/html html htm"})
			}
			continue
		}
		for _, word := range words[1:] {
			extension := strings.ToLower(strings.TrimPrefix(string(word), "."))
			if len(extension) > 0 && len(extension) <= longestExtension && strings.IndexByte(extension, '/') < 0 {
				rows = append(rows, mimeRow{extension, value, n})
			}
		}
	}
	return rows, faults
}
