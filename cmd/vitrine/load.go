package main

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"vitrine/config"
	"vitrine/trace"
)

// configFlag adds --config.
func configFlag(c *cobra.Command, path *string) {
	c.Flags().StringVarP(path, "config", "c", "", "the configuration `file`; without it, the first vitrine.hcl found here, in the user's configuration folder or in /etc/vitrine")
	c.MarkFlagFilename("config", "hcl", "json")
}

// find is the configuration file: the one that is named, or else the first that exists where one is looked for.
func (p *program) find(path string) (string, error) {
	if path != "" {
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return "", &usageError{message: path + " is a folder, not a configuration", hint: "to serve it: vitrine serve " + path}
		}
		return path, nil
	}
	path, tried := config.Find("")
	if path == "" {
		return "", &usageError{
			message: "there is no configuration; looked for\n    " + strings.Join(tried, "\n    "),
			hint:    "name one with --config, write one with vitrine serve --print-config > vitrine.hcl, or use vitrine serve, which needs none",
		}
	}
	return path, nil
}

// netFlag adds --net.
func netFlag(c *cobra.Command, net *string) {
	c.Flags().StringVar(net, "net", "", "serve on an own TCP/IP stack: `ADAPTER,ADDRESS/LENGTH[,…]`, such as tap:tap0,198.18.0.2/24")
}

// adminFlag adds --admin.
func adminFlag(c *cobra.Command, admin *string, otherwise string) {
	c.Flags().StringVar(admin, "admin", "", "show what the server does on a web page at this `address`, or off ("+otherwise+")")
	fixed(c, "admin", []string{config.DefaultAdmin, "off"})
}

// read loads a configuration without printing anything.
func read(path string) (*config.Config, *config.Diagnostics) { return readWith(path, "", "") }

// readWith is read with what --net and --admin say in place of their blocks.
func readWith(path, net, admin string) (*config.Config, *config.Diagnostics) {
	return config.Load(path, config.Options{ReasonIDs: reasonIDs, Net: net, Admin: admin})
}

// load finds and loads the configuration. When it has errors they are printed, and the error only sets the status.
func (p *program) load(path string) (*config.Config, *config.Diagnostics, error) {
	path, err := p.find(path)
	if err != nil {
		return nil, nil, err
	}
	cfg, diags := read(path)
	if cfg == nil {
		p.report(diags)
		return nil, diags, exit(exitNo)
	}
	return cfg, diags, nil
}

// report prints diagnostics to standard error.
func (p *program) report(diags *config.Diagnostics) {
	s := style(p.err)
	diags.Write(p.err, s.Width, s.Color)
}

// reasonIDs is what expect blocks may name.
func reasonIDs() []string {
	var ids []string
	for _, r := range trace.Reasons() {
		ids = append(ids, r.ID)
	}
	return ids
}
