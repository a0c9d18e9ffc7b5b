package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"vitrine/observe/terminal"
	"vitrine/trace"
)

func (p *program) reasonsCommand() *cobra.Command {
	var asJSON, live, all bool
	var ask askFlags
	c := &cobra.Command{
		Use:     "reasons [WORD]",
		GroupID: "understanding",
		Short:   "List every Reason there is",
		Long: `Reasons lists every decision that vitrine can take, with the sentence that explains it and the standard that asks for
it. The ids stand in the error log, in the JSON access log, in explain and in expect blocks.

WORD selects the Reasons whose id, kind, sentence or standard contains it.

With --live it lists those that the running server has reached since it started, each with how often.`,
		Example: `  vitrine reasons
  vitrine reasons resource.
  vitrine reasons "RFC 9112"
  vitrine reasons refused --json
  vitrine reasons --live tcp.drop`,
		Args: arguments(0, 1, "one word"),
		RunE: func(c *cobra.Command, args []string) error {
			word := ""
			if len(args) > 0 {
				word = args[0]
			}
			if live {
				return p.reached(c.Context(), ask, word, asJSON, all)
			}
			for _, name := range []string{"all", "control", "pid"} {
				if c.Flags().Changed(name) {
					return &usageError{message: "--" + name + " needs --live: without it no server is asked", hint: "vitrine reasons --live"}
				}
			}
			return p.reasons(word, asJSON)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return completeReasons(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON list, for programs")
	c.Flags().BoolVar(&live, "live", false, "list those that a running server has reached, with how often")
	c.Flags().BoolVarP(&all, "all", "a", false, "with --live: list those that it never reached, too")
	ask.add(c)
	return c
}

// reason is a Reason in JSON.
type reason struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Sentence string `json:"sentence"`
	Standard string `json:"standard,omitempty"`
}

// contains reports whether a word is in any part of the Reason.
func (r *reason) contains(word string) bool {
	return slices.ContainsFunc([]string{r.ID, r.Kind, r.Sentence, r.Standard}, func(text string) bool {
		return strings.Contains(strings.ToLower(text), strings.ToLower(word))
	})
}

func (p *program) reasons(word string, asJSON bool) error {
	found := []reason{}
	for _, r := range trace.Reasons() {
		one := reason{r.ID, r.Kind.String(), r.Sentence, r.Standard}
		if one.contains(word) {
			found = append(found, one)
		}
	}
	if asJSON {
		e := json.NewEncoder(p.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(found)
	}
	if len(found) == 0 {
		fmt.Fprintf(p.err, "no Reason contains %q\n", word)
		return exit(exitNo)
	}
	s := style(p.out)
	width := 0
	for _, r := range found {
		width = max(width, len(r.ID))
	}
	var b []byte
	for _, r := range found {
		b = s.Paint(b, terminal.Bold, terminal.Pad(r.ID, width))
		b = append(b, "  "...)
		b = s.Paint(b, kindColour(r.Kind), terminal.Pad(r.Kind, len("success")))
		text := r.Sentence
		if r.Standard != "" {
			text += " (" + r.Standard + ")"
		}
		indent := strings.Repeat(" ", width+2+len("success")+2)
		columns := 0
		if s.Width > len(indent)+30 {
			columns = s.Width - len(indent)
		}
		for i, line := range terminal.Wrap(text, columns) {
			if i == 0 {
				b = append(b, "  "+line+"\n"...)
			} else {
				b = append(b, indent+line+"\n"...)
			}
		}
	}
	_, err := p.out.Write(b)
	return err
}

func kindColour(kind string) terminal.Colour {
	switch kind {
	case trace.Success.String():
		return terminal.Good
	case trace.Refused.String():
		return terminal.Refused
	case trace.Failed.String():
		return terminal.Failed
	}
	return terminal.Quiet
}
