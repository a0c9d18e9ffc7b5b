package main

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"

	"vitrine/observe/glass/api"
	"vitrine/server/control"
	"vitrine/trace"
)

// journeyFilter are the flags that choose journeys.
type journeyFilter struct {
	sites, hosts, paths, methods, statuses, clients, peers, users, reasons []string
	slower                                                                 time.Duration
	failed, slow                                                           bool
	connection                                                             uint64
	text, before                                                           string
}

func (f *journeyFilter) add(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.sites, "site", nil, "only of the `site` with this name")
	c.Flags().StringArrayVar(&f.hosts, "host", nil, "only for this `host`, with or without a port")
	c.Flags().StringArrayVar(&f.paths, "path", nil, "only with this `path`, in which * is any text")
	c.Flags().StringArrayVar(&f.methods, "method", nil, "only with this `method`")
	c.Flags().StringArrayVar(&f.statuses, "status", nil, "only with this `status`, such as 404, or of a class, such as 4xx")
	c.Flags().StringArrayVar(&f.clients, "client", nil, "only of the client with this `address`, or of a network such as 203.0.113.0/24")
	c.Flags().StringArrayVar(&f.peers, "peer", nil, "only over connections from this `address` or network: the proxy's, where one stands before the client")
	c.Flags().StringArrayVar(&f.users, "user", nil, "only of the client that proved to be this `user`")
	c.Flags().StringArrayVar(&f.reasons, "reason", nil, "only with this `Reason`, or one that begins so: resource.missing, resource.")
	c.Flags().DurationVar(&f.slower, "slower", 0, "only those that took at least this `time`, such as 200ms")
	c.Flags().BoolVar(&f.failed, "failed", false, "only those that failed on the server's side or were cut short")
	c.Flags().BoolVar(&f.slow, "slow", false, "only slow ones; with --failed, those too")
	c.Flags().Uint64Var(&f.connection, "connection", 0, "only those on the connection with this `number`")
	c.Flags().StringVar(&f.text, "text", "", "only those with this `text` in host, target, client, id or a header field")
	c.Flags().StringVar(&f.before, "before", "", "only those that began before a `time`: 21:45, 2026-01-31T12:00:00Z, or 10m (ago)")
}

// some reports whether any condition was given.
func (f *journeyFilter) some() bool {
	for _, all := range [][]string{f.sites, f.hosts, f.paths, f.methods, f.statuses, f.clients, f.peers, f.users, f.reasons} {
		if len(all) > 0 {
			return true
		}
	}
	return f.slower > 0 || f.failed || f.slow || f.connection != 0 || f.text != ""
}

// query checks what was given, and is how the server is told.
func (f *journeyFilter) query(now time.Time) (url.Values, error) {
	q := make(url.Values)
	set := func(name string, all []string) {
		for _, one := range all {
			q.Add(name, one)
		}
	}
	set("site", words(f.sites))
	set("host", words(f.hosts))
	for _, p := range f.paths {
		if p != "" && p[0] != '/' && p[0] != '*' {
			return nil, &usageError{message: fmt.Sprintf("--path %q fits no path: each begins with a slash", p),
				hint: fmt.Sprintf("write --path '/%s', or --path '*%s' wherever it stands", p, p)}
		}
	}
	set("path", f.paths) // a comma may be a part of one
	for _, m := range words(f.methods) {
		q.Add("method", strings.ToUpper(m))
	}
	for _, s := range words(f.statuses) {
		if s = strings.ToLower(s); !isStatus(s) {
			return nil, &usageError{message: fmt.Sprintf("--status %q is no status", s), hint: "write, for example, --status 404, --status 4xx or --status 4xx,5xx"}
		}
		q.Add("status", s)
	}
	for name, all := range map[string][]string{"client": f.clients, "peer": f.peers} {
		for _, c := range words(all) {
			if !isNetwork(c) {
				return nil, &usageError{message: fmt.Sprintf("--%s %q is no address and no network", name, c),
					hint: fmt.Sprintf("write, for example, --%s 203.0.113.9 or --%[1]s 203.0.113.0/24", name)}
			}
			q.Add(name, c)
		}
	}
	set("user", f.users) // a comma may be a part of one
	for _, r := range words(f.reasons) {
		if err := checkReason(r); err != nil {
			return nil, err
		}
		q.Add("reason", r)
	}
	if f.slower < 0 {
		return nil, &usageError{message: "--slower is not negative", hint: "write, for example, --slower 200ms"}
	}
	if f.slower > 0 {
		q.Set("slower", f.slower.String())
	}
	if f.failed {
		q.Set("failed", "1")
	}
	if f.slow {
		q.Set("slow", "1")
	}
	if f.connection != 0 {
		q.Set("connection", strconv.FormatUint(f.connection, 10))
	}
	if f.text != "" {
		q.Set("text", f.text)
	}
	if f.before != "" {
		before, err := moment(f.before, now)
		if err != nil {
			return nil, err
		}
		q.Set("before", before)
	}
	return q, nil
}

// isNetwork reports whether the text is an address or a network.
func isNetwork(s string) bool {
	_, noAddress := netip.ParseAddr(s)
	_, noNetwork := netip.ParsePrefix(s)
	return noAddress == nil || noNetwork == nil
}

// checkReason refuses what is no Reason's id, nor the beginning of one with its dot.
func checkReason(text string) error {
	best, near := len(text)/2+1, ""
	for _, r := range trace.Reasons() {
		if r.ID == text || strings.HasSuffix(text, ".") && strings.HasPrefix(r.ID, text) {
			return nil
		}
		if d := levenshtein.Distance(text, r.ID, nil); d < best {
			best, near = d, r.ID
		}
		if strings.HasPrefix(r.ID, text+".") {
			best, near = 0, text+"."
		}
	}
	e := &usageError{message: fmt.Sprintf("--reason %q is no Reason", text), hint: "vitrine reasons lists them"}
	if near != "" {
		e.hint = "did you mean " + near + "? " + e.hint
	}
	return e
}

// isStatus reports whether the text is a status, or a class of them.
func isStatus(s string) bool {
	if len(s) != 3 || s[0] < '1' || s[0] > '5' {
		return false
	}
	_, err := strconv.Atoi(s)
	return err == nil || s[1:] == "xx"
}

// moment is a time as the server reads it: a time of this day, or of yesterday when that has not come yet; how long ago; a
// time with its day; or the place in the list that the server gave.
func moment(text string, now time.Time) (string, error) {
	for _, form := range []string{"15:04", "15:04:05", "15:04:05.999999999"} {
		if t, err := time.ParseInLocation(form, text, now.Location()); err == nil {
			at := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), now.Location())
			if at.After(now) {
				at = at.AddDate(0, 0, -1)
			}
			return at.Format(time.RFC3339Nano), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d).Format(time.RFC3339Nano), nil
	}
	for _, form := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, text, now.Location()); err == nil {
			return t.Format(time.RFC3339Nano), nil
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return text, nil
	}
	if first, rest, ok := strings.Cut(text, "-"); ok && isNumber(first) && len(first) > 4 && strings.Contains(rest, "-") {
		return text, nil // a place in the list, which the server checks
	}
	return "", &usageError{message: fmt.Sprintf("--before %q is no time", text), hint: "write, for example, --before 21:45, --before 10m, --before '2026-01-31 12:00'"}
}

// statusClasses complete --status.
var statusClasses = []string{"2xx", "3xx", "4xx", "5xx", "200", "206", "301", "304", "308", "400", "403", "404", "405", "416", "421", "500", "502", "503", "504"}

// completeJourneys completes the filters; sites are those of the running server.
func (p *program) completeJourneys(c *cobra.Command) {
	fixed(c, "status", statusClasses)
	fixed(c, "method", []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
	c.RegisterFlagCompletionFunc("reason", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return completeReasons(), cobra.ShellCompDirectiveNoFileComp
	})
	c.RegisterFlagCompletionFunc("site", func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return completeSites(c.Context()), cobra.ShellCompDirectiveNoFileComp
	})
	for _, name := range []string{"host", "path", "client", "peer", "user", "slower", "connection", "text", "before", "id", "number"} {
		c.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions)
	}
}

// completeReasons are the ids of all Reasons, each with its sentence, and their beginnings.
func completeReasons() []string {
	var all []string
	for _, r := range trace.Reasons() {
		if room, _, ok := strings.Cut(r.ID, "."); ok && !slices.Contains(all, room+".") {
			all = append(all, room+".")
		}
		all = append(all, r.ID+"\t"+strings.TrimSuffix(r.Sentence, "."))
	}
	return all
}

// completionTime is how long a completion may ask a server: a person waits for it.
const completionTime = time.Second

// completeSites are the sites of the servers that run here.
func completeSites(ctx context.Context) []string {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionTime)
	defer cancel()
	running, _ := control.Find(ctx, os.Getenv)
	var all []string
	for _, r := range running {
		var s api.Status
		if !r.Silent && control.Dial(r.Path).Ask(ctx, "/api/status", &s) == nil {
			all = append(all, s.Sites...)
		}
	}
	return all
}
