package main

import (
	"github.com/spf13/cobra"

	"vitrine/config"
	"vitrine/server"
)

func (p *program) runCommand() *cobra.Command {
	var path, net, admin string
	c := &cobra.Command{
		Use:     "run",
		GroupID: "serving",
		Short:   "Serve what the configuration says",
		Long: `Run serves the sites of a configuration. It says everything that is wrong with the configuration before it serves
anything; warnings do not keep it from serving.

With --net its own TCP/IP stack carries it, as a network block says it, and in place of one: vitrine serve --help tells more.

With --admin, or an admin block, a web page shows what the server does: every request with each decision, as it happens.
It is for this machine only, unless it has a certificate and a token. vitrine journeys asks the same without it.

Signals:
  SIGHUP            load the configuration anew; when it has errors they go to the error log and the old one goes on
  SIGUSR1           open the log files anew, after somebody has put the old ones aside
  SIGTERM, SIGINT   stop: answer what was received first, within timeouts.drain; a second one stops at once

The exit status is 0 when every request was answered, 1 when the server could not start, 2 when the command line was
wrong or there is no configuration, and 3 when connections were cut at the end. A service manager is told when it is
ready (Type=notify-reload).`,
		Example: `  vitrine run
  vitrine run --config /etc/vitrine/vitrine.hcl
  vitrine run --admin localhost:9180
  sudo vitrine run --net tap:tap0,198.18.0.2/24`,
		Args: arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			found, err := p.find(path)
			if err != nil {
				return err
			}
			load := func() (*config.Config, *config.Diagnostics) { return readWith(found, net, admin) }
			return p.live(load, server.Options{Ready: func(s *server.Server) {
				st := style(p.err)
				p.err.Write(append(inside(s, st), reaching(s.Config().Network, st)...))
			}})
		},
	}
	configFlag(c, &path)
	netFlag(c, &net)
	adminFlag(c, &admin, "default: what an admin block says, else off")
	return c
}

// live runs a server until it is told to stop, and turns how it ended into an exit status.
func (p *program) live(load server.Load, o server.Options) error {
	o.Version = version
	ending, diags := server.Run(load, o)
	switch ending {
	case server.Drained:
		return nil
	case server.Cut:
		return exit(exitCut)
	}
	p.report(diags)
	return exit(exitNo)
}
