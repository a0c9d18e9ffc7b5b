package main

import (
	"context"
	"fmt"

	"vitrine/observe/glass/api"
	"vitrine/observe/terminal"
	"vitrine/server/control"
)

// reached lists the Reasons that a running server has reached, with how often: most of what it did, in one table.
func (p *program) reached(ctx context.Context, ask askFlags, word string, asJSON, everything bool) error {
	client, status, err := p.ask(ctx, ask)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	var catalogue []api.Counted
	if err := client.Ask(ctx, "/api/reasons", &catalogue); err != nil {
		return unasked(err, status)
	}
	found, never := []api.Counted{}, 0
	for _, r := range catalogue {
		one := reason{r.ID, r.Kind, r.Sentence, r.Standard}
		switch {
		case !one.contains(word):
		case r.Reached > 0 || everything:
			found = append(found, r)
		default:
			never++
		}
	}
	if asJSON {
		return writeJSON(p.out, found)
	}
	if len(found) == 0 && never == 0 {
		fmt.Fprintf(p.err, "no Reason contains %q\n", word)
		return exit(exitNo)
	}
	s := style(p.out)
	var b []byte
	if len(found) > 0 {
		rows := make([]control.Counter, len(found))
		for i, r := range found {
			rows[i] = control.Counter{Layer: "reached since the server started", Name: r.ID, Value: r.Reached, Sentence: r.Sentence, Standard: r.Standard}
		}
		b = appendCounters(b, rows, s)
	}
	if never > 0 {
		text := plural(never, "Reason") + " not reached yet (--all shows them)"
		if len(found) > 0 {
			text = plural(never, "other Reason") + " not reached yet (--all shows them)"
		}
		b = append(s.Paint(b, terminal.Quiet, text), '\n')
	}
	_, err = p.out.Write(b)
	return err
}
