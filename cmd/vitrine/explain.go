package main

import (
	"fmt"
	"net/netip"
	"os"
	"strings"

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
}

func (p *program) explainCommand() *cobra.Command {
	var f explainFlags
	c := &cobra.Command{
		Use:     "explain [-X METHOD] [-H 'Name: value']… [--from ADDRESS] URL",
		GroupID: "understanding",
		Short:   "Tell how a URL would be answered, and why",
		Long: `Explain answers a request as the server would, on the configuration and the files as they are now, and tells every
decision: the listener, whether the client may connect, the site, every route that was considered, every file that was
looked for, the type, conditions and ranges, each field of the response with the line that set it, and whether the
connection stays. Nothing is sent, and no server needs to run.

Without --config and --root it takes the vitrine.hcl that run would find, and else what vitrine serve would do here.`,
		Example: `  vitrine explain http://localhost:8080/
  vitrine explain -H 'If-None-Match: "abc"' -H 'Range: bytes=0-99' http://localhost:8080/picture.jpg
  vitrine explain -X POST --from 203.0.113.9 http://example.org/form
  vitrine explain --root ~/site http://localhost:8080/missing.html --json`,
		Args: arguments(1, 1, "one URL"),
		RunE: func(_ *cobra.Command, args []string) error { return p.explain(args[0], f) },
	}
	configFlag(c, &f.config)
	c.Flags().StringVar(&f.root, "root", "", "explain what vitrine serve `DIR` would do, without a configuration")
	c.Flags().StringVarP(&f.method, "request", "X", "GET", "the `method`")
	c.Flags().StringArrayVarP(&f.headers, "header", "H", nil, "a header `field` of the request, as 'Name: value'; may be given several times")
	c.Flags().StringVar(&f.from, "from", "", "the client's `address` (default: this machine)")
	c.Flags().BoolVar(&f.old, "http1.0", false, "ask in HTTP/1.0")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON, for programs")
	c.MarkFlagsMutuallyExclusive("config", "root")
	c.MarkFlagDirname("root")
	return c
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
