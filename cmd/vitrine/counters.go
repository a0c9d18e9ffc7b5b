package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"vitrine/observe/terminal"
	"vitrine/server/control"
)

func (p *program) countersCommand() *cobra.Command {
	var ask askFlags
	var asJSON, all bool
	c := &cobra.Command{
		Use:     "counters [WORD]",
		GroupID: "understanding",
		Short:   "Show what a running server's own TCP/IP stack has counted",
		Long: `Counters shows what every layer of a server's own TCP/IP stack has counted since it started, from the wire upwards: frames,
interrupts and polls of the adapter, and each decision about a frame, packet or segment with its Reason. Every frame that
was dropped is in one of them. What is still zero is only counted, unless --all.

WORD selects the counters whose layer, name or sentence contains it.`,
		Example: `  vitrine counters
  vitrine counters link
  vitrine counters --all tcp.drop
  vitrine counters --json`,
		Args: arguments(0, 1, "one word"),
		RunE: func(c *cobra.Command, args []string) error {
			word := ""
			if len(args) > 0 {
				word = args[0]
			}
			return p.counters(c.Context(), ask, word, asJSON, all)
		},
	}
	ask.add(c)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, for programs")
	c.Flags().BoolVarP(&all, "all", "a", false, "show those that are zero too, behind the others")
	return c
}

func (p *program) counters(ctx context.Context, ask askFlags, word string, asJSON, everything bool) error {
	client, status, err := p.ask(ctx, ask)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	all, err := client.Counters(ctx)
	if isKernel(err) {
		return p.onKernel(status, "the counters", "nstat -az")
	}
	if err != nil {
		return err
	}
	moved, zero := []control.Counter{}, []control.Counter{}
	for _, c := range all {
		switch text := strings.ToLower(c.Layer + "." + c.Name + " " + c.Layer + " " + c.Name + " " + c.Sentence); {
		case !strings.Contains(text, strings.ToLower(word)):
		case c.Value > 0:
			moved = append(moved, c)
		default:
			zero = append(zero, c)
		}
	}
	if asJSON {
		return writeJSON(p.out, append(moved, zero...))
	}
	s := style(p.out)
	b := appendCounters(nil, moved, s)
	switch {
	case everything && len(zero) > 0:
		b = append(s.Paint(append(b, '\n'), terminal.Bold, "zero"), '\n')
		b = appendCounters(b, zero, s)
	case len(zero) > 0:
		b = append(s.Paint(b, terminal.Quiet, plural(len(zero), "other counter")+" still zero (--all shows them)"), '\n')
	case len(moved) == 0:
		fmt.Fprintf(p.err, "no counter contains %q\n", word)
		return exit(exitNo)
	}
	_, err = p.out.Write(b)
	return err
}

// appendCounters writes counters by layer: value, name, and what it means.
func appendCounters(b []byte, all []control.Counter, s terminal.Style) []byte {
	values, names := 0, 0
	for _, c := range all {
		values = max(values, len(number(c.Value)))
		names = max(names, len(c.Name))
	}
	width := s.Width
	if width == 0 {
		width = tableWidth
	}
	layer := ""
	for _, c := range all {
		if c.Layer != layer {
			layer = c.Layer
			b = append(s.Paint(b, terminal.Bold, layer), '\n')
		}
		text := number(c.Value)
		b = append(b, strings.Repeat(" ", 2+values-len(text))...)
		b = append(b, text...)
		b = append(b, "  "...)
		sentence := string(terminal.AppendSentence(nil, c.Sentence))
		if c.Standard != "" {
			sentence += " (" + standard(s, c.Standard) + ")"
		}
		if sentence == "" {
			b = append(append(b, c.Name...), '\n')
			continue
		}
		b = append(b, terminal.Pad(c.Name, names)...)
		b = append(b, "  "...)
		indent := 2 + values + 2 + names + 2
		columns := 0
		if width > indent+30 {
			columns = width - indent
		}
		for i, line := range terminal.Wrap(sentence, columns) {
			if i > 0 {
				b = append(b, strings.Repeat(" ", indent)...)
			}
			b = append(s.Paint(b, terminal.Quiet, line), '\n')
		}
	}
	return b
}
