package main

import (
	"github.com/spf13/cobra"
)

func (p *program) showCommand() *cobra.Command {
	var asJSON bool
	var path string
	c := &cobra.Command{
		Use:     "show",
		GroupID: "configuration",
		Short:   "Print the effective configuration, each value with its place",
		Long: `Show prints every setting that is in force, with the file and line that says it, whether it was written there,
inherited or included, came from the environment, or is a default that nobody wrote.`,
		Example: `  vitrine show
  vitrine show --config /etc/vitrine/vitrine.hcl
  vitrine show | grep keep_alive
  vitrine show --json`,
		Args: arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			cfg, _, err := p.load(path)
			if err != nil {
				return err
			}
			if asJSON {
				return cfg.ShowJSON(p.out)
			}
			return cfg.Show(p.out)
		},
	}
	configFlag(c, &path)
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON, for programs")
	return c
}
