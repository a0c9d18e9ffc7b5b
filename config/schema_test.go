package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestEveryRowOfTheSchemaIsWhole(t *testing.T) {
	schema.walk(nil, func(path []string, b *blockType) {
		at := strings.Join(path, ".")
		if b.doc == "" || !strings.HasSuffix(b.doc, ".") && !strings.HasSuffix(b.doc, "`.") {
			t.Errorf("%s: the sentence is %q", at, b.doc)
		}
		if _, ds := Format([]byte(b.example), "example.hcl"); ds.HasErrors() {
			t.Errorf("%s: the example is wrong: %v", at, ds)
		}
		names, seen := b.names(), make(map[string]bool)
		for _, s := range b.settings {
			if s.doc == "" || !strings.HasSuffix(s.doc, ".") || strings.ToUpper(s.doc[:1]) != s.doc[:1] {
				t.Errorf("%s.%s: the sentence is %q", at, s.name, s.doc)
			}
			if s.initial == "" && s.example == "" {
				t.Errorf("%s.%s has neither a default nor an example", at, s.name)
			}
			if s.kind == kindChoice && (len(s.choices) < 2 || !strings.Contains(strings.Join(quotedAll(s.choices), " "), s.initial)) {
				t.Errorf("%s.%s: the choices are %q and the default %s", at, s.name, s.choices, s.initial)
			}
			if seen[s.name] {
				t.Errorf("%s.%s is there twice", at, s.name)
			}
			seen[s.name] = true
			for _, also := range s.also {
				if slices.Contains(names, also) {
					t.Errorf("%s.%s is also called %s, which is a name of its own", at, s.name, also)
				}
				if also != strings.ToLower(also) {
					t.Errorf("%s.%s: the other name %s is not in lower case", at, s.name, also)
				}
			}
		}
	})
}

func TestEveryFieldOfTheConfigurationCanBeWritten(t *testing.T) {
	for _, test := range []struct {
		block  *blockType
		value  any
		others int // fields that are no settings: places, and what is computed
	}{
		{limitsBlock, Limits{}, 0}, {timeoutsBlock, Timeouts{}, 0}, {memoryBlock, Memory{}, 0},
		{clientsBlock, Clients{}, 0}, {filesBlock, Files{}, 0}, {typesBlock, Types{}, 0}, {logBlock, Log{}, 1},
		{errorLogBlock, ErrorLog{}, 0}, {&rotateBlock, Rotate{}, 0}, {respondBlock, Respond{}, 1},
		{missingBlock, Missing{}, 1}, {networkBlock, Network{}, 1}, {tcpBlock, TCP{}, 0}, {ipBlock, IP{}, 0}, {controlBlock, Control{}, 0},
		{adminBlock, Admin{}, 1}, {journeysBlock, Journeys{}, 0}, {whenBlock, When{}, 0}, {otlpBlock, OTLP{}, 1}, {redirectBlock, Redirect{}, 1}, {expectBlock, Expect{}, 1}, {ssiBlock, SSI{}, 0}, {listenBlock, Listen{}, 1},
		{namesBlock, Names{}, 0}, {identBlock, Ident{}, 0}, {augmentBlock, Augment{}, 1}, {balanceBlock, Balance{}, 1}, {nearerBlock, Nearer{}, 1}, {elsewhereServerBlock, ElsewhereServer{}, 1}, {healthBlock, HealthCheck{}, 1},
	} {
		written := len(test.block.settings) + len(test.block.blocks)
		if test.block.labels.name != "" && test.block.labels.instead == "" {
			written++
		}
		if fields := reflect.TypeOf(test.value).NumField() - test.others; fields != written {
			t.Errorf("%T has %d fields and %s %d settings", test.value, fields, test.block.title(), written)
		}
	}
}

func TestEveryDefaultIsWrittenAsItIsPrinted(t *testing.T) {
	d := newDecoder(Options{NoFiles: true})
	d.allDefaults(schema, d.config)
	if ds := d.diags; len(ds.All()) > 0 {
		t.Fatalf("a default is refused: %v", ds)
	}
	var check func(n *node)
	check = func(n *node) {
		for _, l := range n.lines {
			if l.setting.initial != "" && !l.initial {
				t.Errorf("the default of %s is written %s and printed %s", l.setting.name, l.setting.initial, render(l.setting.kind, l.entries))
			}
		}
		for _, inner := range n.blocks {
			check(inner)
		}
	}
	check(document(schema, d.config))
}

func TestSchemaAndChoicesServeCompletion(t *testing.T) {
	if got := Choices("io"); !slices.Equal(got, []string{"single", "threads", "events", "events-per-core", "pool"}) {
		t.Errorf("io may be %q", got)
	}
	if got := Choices("log.format"); !slices.Contains(got, "combined") {
		t.Errorf("the log's format may be %q", got)
	}
	if Choices("no.such") != nil {
		t.Error("an unknown setting has choices")
	}
	index := slices.IndexFunc(Schema(), func(r Row) bool { return r.Path == "site.route.redirect.status" })
	if index < 0 || Schema()[index].Default != "302" {
		t.Errorf("row %d", index)
	}
}
