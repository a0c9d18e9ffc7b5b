package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"vitrine/config"
	"vitrine/observe/terminal"
	"vitrine/server"
)

func (p *program) checkCommand() *cobra.Command {
	var path string
	var asJSON, strict bool
	c := &cobra.Command{
		Use:     "check",
		GroupID: "configuration",
		Short:   "Say everything that is wrong with the configuration",
		Long: `Check reads the configuration and prints all errors, each with its line and what to write instead, and warns about what
is legal but probably not meant: a route that no request can reach, a redirect to itself. Then it runs the expect
blocks: each is a request that is answered on the configuration and the files as they are. It listens nowhere, and
no application, script or name server is asked anything.

The exit status is 0 when everything is well, 1 when there are errors or an expectation does not hold, and 2 when there
is nothing to check. Warnings alone are well, unless --strict.`,
		Example: `  vitrine check
  vitrine check --config /etc/vitrine/vitrine.hcl
  vitrine check --strict
  vitrine check --json`,
		Args: arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			found, err := p.find(path)
			if err != nil {
				return err
			}
			return p.check(found, asJSON, strict)
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, for programs")
	c.Flags().BoolVar(&strict, "strict", false, "let warnings count as errors")
	return c
}

func (p *program) check(path string, asJSON, strict bool) error {
	cfg, diags := read(path)
	var results []server.Expected
	if cfg != nil {
		server.Lint(cfg, diags)
		results = server.Expect(cfg, diags)
	}
	failed := 0
	for _, r := range results {
		if len(r.Differences) > 0 {
			failed++
		}
	}
	if asJSON {
		if err := p.checkJSON(diags, results); err != nil {
			return err
		}
	} else {
		p.report(diags)
		s := style(p.out)
		for i := range results {
			p.out.Write(server.AppendExpected(nil, &results[i], s))
		}
		if !diags.HasErrors() {
			p.out.Write(summary(cfg, len(results), failed, s))
		}
	}
	if diags.HasErrors() || failed > 0 || strict && len(diags.Warnings()) > 0 {
		return exit(exitNo)
	}
	return nil
}

// summary is what a check of a usable configuration ends with.
func summary(cfg *config.Config, expects, failed int, s terminal.Style) []byte {
	colour, glyph := terminal.Good, terminal.Check
	verdict := fmt.Sprintf("the configuration is good: %s, %s", plural(len(cfg.Sites), "site"), plural(routes(cfg), "route"))
	switch {
	case failed > 0:
		colour, glyph = terminal.Failed, terminal.Cross
		verdict = fmt.Sprintf("%d of %s not met", failed, plural(expects, "expectation"))
	case expects > 0:
		verdict += ", " + plural(expects, "expectation") + " met"
	}
	b := s.Paint(nil, colour, s.Glyph(glyph))
	return fmt.Appendf(b, " %s\n", verdict)
}

func routes(cfg *config.Config) int {
	n := 0
	for _, s := range cfg.Sites {
		n += len(s.Routes)
	}
	return n
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func (p *program) checkJSON(diags *config.Diagnostics, results []server.Expected) error {
	if results == nil {
		results = []server.Expected{}
	}
	return writeJSON(p.out, map[string]any{"diagnostics": diags, "expectations": results})
}
