package main

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"vitrine/config"
	"vitrine/observe/terminal"
	"vitrine/server"
)

// The port that serve takes when it is not told, and how many after it serve tries when it is taken.
const (
	servePort  = 8080
	serveTries = 10
)

// serveFlags are the flags of serve.
type serveFlags struct {
	listen      []string
	io, log     string
	net, admin  string
	listing     bool
	printConfig bool
}

func (p *program) serveCommand() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:     "serve [DIR]",
		GroupID: "serving",
		Short:   "Serve a folder, without any configuration",
		Long: `Serve shows the files in DIR, or in this folder: index.html where there is one, else a listing; the right types, ranges
and conditional requests, and a line in the log for each request: a readable one on a terminal, else the combined format.

Without --listen it listens on localhost:8080, for this machine only, and takes the next free port when that one is
taken. With --listen it takes exactly the addresses it is told, or says why it cannot: ":8080" is all addresses of this
machine, "localhost:8080" both loopback addresses. Port 0 is any free one.

With --net its own TCP/IP stack carries it, from the frame on: --net tap:tap0,198.18.0.2/24 makes the virtual interface
tap0, on whose other end this machine is, and packet:veth1,198.18.0.2/24 takes over an interface that is there. The address
is the server's own, another one than the interface's. Further parts, each after a comma: more addresses,
gateway=ADDRESS, mtu=BYTES, mac=ADDRESS, wire (every frame as a cable carries it), congestion=reno, and any other setting
of the network block. It then listens on port 80 of its own addresses. vitrine sockets and vitrine capture look inside.

A web page at localhost:9180, for this machine only, shows what the server does: every request with each decision and the
line that is responsible, as it happens. --admin puts it elsewhere, or with off nowhere; where others reach it, it needs a
configuration with a certificate and a token. vitrine journeys shows the same on the terminal.

Ctrl-C stops it: requests that were received are answered first; a second Ctrl-C does not wait for them.`,
		Example: `  vitrine serve
  vitrine serve ~/site --listen :8080
  vitrine serve --listen localhost:3000 --io threads --log json
  vitrine serve --admin off
  sudo vitrine serve --net tap:tap0,198.18.0.2/24
  sudo vitrine serve --net packet:veth1,198.18.0.2/24,fd00:198:18::2/64,gateway=198.18.0.1
  vitrine serve --print-config > vitrine.hcl`,
		Args: arguments(0, 1, "one folder"),
		RunE: func(c *cobra.Command, args []string) error {
			opt := config.ServeOptions{IO: f.io, Net: f.net, Admin: f.admin, Log: f.log, Terminal: style(p.out).Terminal}
			if len(args) > 0 {
				opt.Root = args[0]
			}
			if c.Flags().Changed("listing") {
				opt.Listing = &f.listing
			}
			return p.serve(opt, f)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	c.Flags().StringArrayVarP(&f.listen, "listen", "l", nil, "an `address` to listen on; may be given several times (default localhost:8080, or :80 with --net)")
	netFlag(c, &f.net)
	adminFlag(c, &f.admin, "default "+config.DefaultAdmin+", for this machine only")
	c.Flags().StringVar(&f.io, "io", "", "the I/O `architecture`: "+strings.Join(config.Choices("io"), ", "))
	c.Flags().StringVar(&f.log, "log", "", "the `format` of the log: common, combined, json, readable, or off")
	c.Flags().BoolVar(&f.listing, "listing", true, "list folders that have no index")
	c.Flags().BoolVar(&f.printConfig, "print-config", false, "print the configuration that this amounts to, and do not serve")
	fixed(c, "io", config.Choices("io"))
	fixed(c, "log", []string{"common", "combined", "json", "readable", "off"})
	return c
}

// fixed completes a flag that has a fixed choice of values.
func fixed(c *cobra.Command, flag string, values []string) {
	c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

func (p *program) serve(opt config.ServeOptions, f serveFlags) error {
	if asked := len(f.listen) > 0; !asked && f.net == "" {
		port := servePort
		if !f.printConfig {
			port = p.freePort()
		}
		f.listen = []string{net.JoinHostPort("localhost", strconv.Itoa(port))}
	}
	for _, address := range f.listen {
		opt.Listen = append(opt.Listen, loopbacks(address)...)
	}
	if diags := opt.Check(); diags.HasErrors() {
		p.report(diags)
		return exit(exitUsage)
	}
	cfg := config.Default(opt)
	if f.printConfig {
		_, err := p.out.Write(cfg.HCL())
		return err
	}
	load := func() (*config.Config, *config.Diagnostics) { return cfg, &config.Diagnostics{} }
	return p.live(load, server.Options{Ready: func(s *server.Server) { p.greet(s, opt) }})
}

// freePort is the first of a few ports on which nobody listens; it says so when it is not the usual one.
func (p *program) freePort() int {
	for port := servePort; port < servePort+serveTries; port++ {
		if who, taken := server.Taken("localhost:" + strconv.Itoa(port)); taken {
			fmt.Fprintf(p.err, "port %d is taken by %s; trying the next one\n", port, who)
			continue
		}
		return port
	}
	return servePort // listening will say who has it
}

// loopbacks writes localhost as the loopback addresses that this machine has, as a configuration would have them.
func loopbacks(address string) []string {
	host, _, err := net.SplitHostPort(address)
	if err != nil || host != "localhost" {
		return []string{address}
	}
	resolved, err := server.Resolve(address)
	if err != nil {
		return []string{address}
	}
	var all []string
	for _, a := range resolved {
		all = append(all, a.String())
	}
	return all
}

// greet tells a person where to look.
func (p *program) greet(s *server.Server, opt config.ServeOptions) {
	st := style(p.err)
	root := s.Config().Sites[0].Settings.Root.V
	b := st.Paint(nil, terminal.Bold, "vitrine")
	b = fmt.Appendf(b, " shows %s at\n", root)
	for _, url := range urls(s.Addresses(), s.Config().Network) {
		b = append(b, "    "...)
		b = st.Paint(b, terminal.Place, url)
		b = append(b, '\n')
	}
	if page := inside(s, st); page != nil {
		b = append(append(b, "    "...), page...)
	}
	b = append(b, reaching(s.Config().Network, st)...)
	if st.Terminal {
		b = append(b, "Ctrl-C stops it.\n"...)
	}
	p.err.Write(b)
}

// inside tells where the page about the server is; nothing, when there is none.
func inside(s *server.Server, st terminal.Style) []byte {
	url := s.AdminURL()
	if url == "" {
		return nil
	}
	return append(st.Paint([]byte("look inside at "), terminal.Place, url), '\n')
}

// urls are where a browser finds the addresses: loopback and all addresses as localhost, once for each port; on an own
// network all addresses are its own.
func urls(addresses []server.Address, own *config.Network) []string {
	var all []string
	seen := make(map[string]bool)
	add := func(host string, port uint16) {
		url := "http://" + net.JoinHostPort(host, strconv.Itoa(int(port))) + "/"
		if port == 80 {
			url = strings.TrimSuffix(url, ":80/") + "/"
		}
		if !seen[url] {
			seen[url] = true
			all = append(all, url)
		}
	}
	for _, a := range addresses {
		ip, port := a.Bound.Addr(), a.Bound.Port()
		switch {
		case ip.IsUnspecified() && own != nil:
			for _, a := range own.Address {
				if ip.Is6() || a.V.Addr().Is4() {
					add(a.V.Addr().String(), port)
				}
			}
		case ip.IsUnspecified():
			add("localhost", port)
			for _, own := range ownAddresses() {
				add(own.String(), port)
			}
		case both(addresses, port) && ip.IsLoopback():
			add("localhost", port)
		default:
			add(ip.String(), port)
		}
	}
	return all
}

// both reports whether both loopback addresses have the port, so that localhost is right however it is resolved.
func both(addresses []server.Address, port uint16) bool {
	var v4, v6 bool
	for _, a := range addresses {
		if a.Bound.Port() == port {
			v4 = v4 || a.Bound.Addr() == netip.AddrFrom4([4]byte{127, 0, 0, 1})
			v6 = v6 || a.Bound.Addr() == netip.IPv6Loopback()
		}
	}
	return v4 && v6
}

// ownAddresses are the addresses under which other machines see this one, a few at most.
func ownAddresses() []netip.Addr {
	const most = 3
	interfaces, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var all []netip.Addr
	for _, i := range interfaces {
		prefix, err := netip.ParsePrefix(i.String())
		if a := prefix.Addr(); err == nil && a.IsGlobalUnicast() && len(all) < most {
			all = append(all, a)
		}
	}
	return all
}
