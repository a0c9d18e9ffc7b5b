package config

import "strings"

// Row describes one row of the schema, for completion and for whoever shows the settings.
type Row struct {
	Path    string   // the names of the enclosing blocks and its own, with dots: "limits.header_bytes"
	Type    string   // as the reference calls it
	Default string   // as written in a file; empty when there is none
	Choices []string // when it is one of some
	Doc     string   // one sentence
}

// Schema lists every setting there is, in the order of the reference.
func Schema() []Row {
	var all []Row
	schema.walk(nil, func(path []string, t *blockType) {
		for _, s := range t.settings {
			name := strings.Join(append(path[:len(path):len(path)], s.name), ".")
			all = append(all, Row{name, kinds[s.kind].name, s.initial, s.choices, s.doc})
		}
	})
	return all
}

// Choices are what the setting with that path may be, when it is one of some, such as "io" or "log.format".
func Choices(path string) []string {
	for _, s := range Schema() {
		if s.Path == path {
			return append([]string(nil), s.Choices...)
		}
	}
	return nil
}
