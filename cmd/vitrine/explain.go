package main

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"vitrine/config"
	"vitrine/observe/explain"
	"vitrine/server"
	"vitrine/trace"
	"vitrine/web"
)

// explainFlags are the flags of explain.
type explainFlags struct {
	config, root string
	method, from string
	headers      []string
	old, json    bool

	ask     askFlags
	id      string // of a journey that was recorded
	live    bool   // send it
	connect string
	timeout time.Duration
}

func (p *program) explainCommand() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:     "explain [-X METHOD] [-H 'Name: value']… [--from ADDRESS] [--live] URL | --id ID",
		GroupID: "understanding",
		Short:   "Tell how a URL would be answered, and why, or how a request was",
		Long: `Explain answers a request as the server would, on the configuration and the files as they are now, and tells every
decision: the listener, whether the client may connect, the site, every route that was considered, every file that was
looked for, the type, conditions and ranges, each field of the response with the line that set it, and whether the
connection stays. Nothing is sent, and no server needs to run.

Without --config and --root it takes the vitrine.hcl that run would find, and else what vitrine serve would do here.

With --live the request is really sent, to the server that runs here, which records what happens to it, whatever it
records otherwise. What no dry run knows comes with it: when each decision was taken, which connection carried it and how
its TCP fared, how long each part took. The last line says whether a dry run of that server, with the configuration that
it has in force, says the same, and else what differs first. The answer's body is read, and not kept. The request goes to
the URL's own host and port, or to those that --connect says.

With --id it tells the same of a request that the running server has answered and recorded: vitrine journeys lists them,
and the logs and the Vitrine-Journey field, where a header rule sets it, name them. The first six digits will do when
there is only one such.`,
		Example: `  vitrine explain http://localhost:8080/
  vitrine explain -H 'If-None-Match: "abc"' -H 'Range: bytes=0-99' http://localhost:8080/picture.jpg
  vitrine explain -X POST --from 203.0.113.9 http://example.org/form
  vitrine explain --root ~/site http://localhost:8080/missing.html --json
  vitrine explain --live http://localhost:8080/slow.html
  vitrine explain --live --connect 127.0.0.1:8080 -H 'Accept-Language: de' http://www.example.org/
  vitrine explain --id 1f2e3d4c5b6a7988`,
		Args: func(c *cobra.Command, args []string) error {
			if f.id != "" {
				return arguments(0, 0, "")(c, args)
			}
			return arguments(1, 1, "one URL")(c, args)
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			switch {
			case f.id != "":
				return p.explainRecorded(c.Context(), f.ask, f.id, f.json)
			case f.live:
				return p.explainLive(c.Context(), f, args[0])
			}
			return p.explain(args[0], f)
		},
	}
	configFlag(c, &f.config)
	c.Flags().StringVar(&f.root, "root", "", "explain what vitrine serve `DIR` would do, without a configuration")
	c.Flags().StringVarP(&f.method, "request", "X", "GET", "the `method`")
	c.Flags().StringArrayVarP(&f.headers, "header", "H", nil, "a header `field` of the request, as 'Name: value'; may be given several times")
	c.Flags().StringVar(&f.from, "from", "", "the client's `address` (default: this machine)")
	c.Flags().BoolVar(&f.old, "http1.0", false, "ask in HTTP/1.0")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON, for programs")
	c.Flags().StringVar(&f.id, "id", "", "tell of the recorded journey with this `id`, or the one whose id begins so")
	c.Flags().BoolVar(&f.live, "live", false, "send the request to the running server, and tell what happened to it there")
	c.Flags().StringVar(&f.connect, "connect", "", "with --live: the `address` and port to send it to, instead of the URL's")
	c.Flags().DurationVar(&f.timeout, "timeout", liveTime, "with --live: how long all of it may take")
	f.ask.add(c)
	c.MarkFlagsMutuallyExclusive("config", "root")
	c.MarkFlagsMutuallyExclusive("id", "live")
	c.MarkFlagDirname("root")
	for _, name := range []string{"header", "from", "id", "connect", "timeout"} {
		c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
	return c
}

// liveTime is how long a request that is really sent may take when nobody says.
const liveTime = 10 * time.Second

// check refuses flags that have no meaning together.
func (f *explainFlags) check(c *cobra.Command) error {
	changed := func(names ...string) string {
		for _, name := range names {
			if c.Flags().Changed(name) {
				return "--" + name
			}
		}
		return ""
	}
	dry := []string{"config", "root"}
	asked := []string{"request", "header", "http1.0", "from"}
	switch {
	case f.id != "":
		if name := changed(append(append(dry, asked...), "connect", "timeout")...); name != "" {
			return &usageError{message: name + " has no meaning with --id, which tells of a request that was answered", hint: "vitrine explain --id " + f.id}
		}
	case f.live:
		if name := changed(append(dry, "from")...); name != "" {
			return &usageError{message: name + " has no meaning with --live: the running server answers, and this machine asks", hint: "leave out --live for a dry run"}
		}
		if f.timeout <= 0 {
			return &usageError{message: "--timeout is more than nothing", hint: "write, for example, --timeout 30s"}
		}
		if f.connect != "" {
			if _, port, err := net.SplitHostPort(f.connect); err != nil || port == "" {
				return &usageError{message: fmt.Sprintf("--connect %q is no address with a port", f.connect), hint: "write, for example, --connect 127.0.0.1:8080"}
			}
		}
	default:
		if name := changed("connect", "timeout", "control", "pid"); name != "" {
			return &usageError{message: name + " needs --live or --id: without them no server is asked", hint: "vitrine explain --live URL"}
		}
	}
	return nil
}

func (p *program) explain(url string, f explainFlags) error {
	query, err := f.query(url)
	if err != nil {
		return err
	}
	cfg, diags, err := p.explained(f)
	if err != nil {
		return err
	}
	dry := server.NewDry(cfg, diags)
	if dry == nil {
		p.report(diags)
		return exit(exitNo)
	}
	defer dry.Close()
	answer, err := dry.Ask(query)
	if err != nil {
		return &usageError{message: err.Error()}
	}
	s := story(query, answer)
	if f.json {
		return explain.JSON(p.out, s)
	}
	return explain.Text(p.out, s, explain.TextOptions{Style: style(p.out), Source: source})
}

// explained is the configuration that is asked: the one that is named, the one that run would find, or the one that
// serve amounts to.
func (p *program) explained(f explainFlags) (*config.Config, *config.Diagnostics, error) {
	if f.config == "" && f.root == "" {
		if found, _ := config.Find(""); found == "" {
			fmt.Fprintln(p.err, "there is no vitrine.hcl; this is what vitrine serve would do in this folder")
			f.root = "."
		}
	}
	if f.root == "" {
		return p.load(f.config)
	}
	opt := config.ServeOptions{Root: f.root, Listen: []string{":8080"}}
	if diags := opt.Check(); diags.HasErrors() {
		p.report(diags)
		return nil, nil, exit(exitUsage)
	}
	return config.Default(opt), &config.Diagnostics{}, nil
}

// query is the request that the flags describe.
func (f *explainFlags) query(url string) (server.Query, error) {
	q := server.Query{Method: f.method, URL: url, Old: f.old}
	if f.from != "" {
		from, err := netip.ParseAddr(f.from)
		if err != nil {
			return q, &usageError{message: fmt.Sprintf("--from %q is no address", f.from), hint: "write, for example, --from 203.0.113.9"}
		}
		q.From = from
	}
	for _, h := range f.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			return q, &usageError{message: fmt.Sprintf("-H %q is no header field", h), hint: "write, for example, -H 'Accept: text/html'"}
		}
		q.Fields = append(q.Fields, [2]string{name, strings.TrimLeft(value, " \t")})
	}
	return q, nil
}

// story is an answer as explain tells it.
func story(q server.Query, a *server.Answer) *explain.Story {
	s := &explain.Story{Request: explain.Request{Method: q.Method, URL: q.URL, Protocol: "HTTP/1.1"}, Length: -1}
	if q.Old {
		s.Request.Protocol = "HTTP/1.0"
	}
	for _, e := range a.Events {
		if e.Reason.ID != "site.listener" { // the listener was told before the clients were
			s.Events = append(s.Events, e)
		}
	}
	if a.Peer != nil {
		s.Peer = explain.Peer{From: a.Peer.Remote, To: a.Peer.Local}
	}
	if a.Result != nil {
		respond(s, a.Result, a.Events)
	}
	return s
}

// respond adds what would be sent.
func respond(s *explain.Story, r *web.DryResult, events []trace.Event) {
	s.Journey = r.Journey
	s.Request.Fields = explain.RequestFields(&r.Request.Fields)
	s.Status, s.Length = r.Status, r.Length
	s.Fields = explain.ResponseFields(r.Fields, events)
	s.Keep, s.KeepReason = r.Keep, r.Ending
}

// source is the lines of a configuration file.
func source(file string) ([]string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return strings.Split(string(text), "\n"), nil
}
