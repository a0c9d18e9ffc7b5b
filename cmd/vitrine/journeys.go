package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vitrine/observe/glass/api"
	"vitrine/observe/terminal"
	"vitrine/server/control"
)

// How many journeys are shown when nobody says, and how many at most.
const (
	usualJourneys   = 20
	followJourneys  = 10 // that ended before
	longestJourneys = 10000
)

// journeysFlags are the flags of journeys.
type journeysFlags struct {
	ask    askFlags
	filter journeyFilter
	number int
	follow bool
	json   bool
	id     string
	export string
	output string
}

func (p *program) journeysCommand() *cobra.Command {
	var f journeysFlags
	c := &cobra.Command{
		Use:     "journeys [--follow] [-n NUMBER] [FILTER FLAGS] [--export FORMAT]",
		GroupID: "understanding",
		Short:   "Show the requests that a running server has answered, live or after the fact",
		Long: `Journeys shows the last requests of a running server, the youngest at the end: when each came, its status, how long it
took, how large its body was, what was asked for, by whom, and the journey's id. Below it stands what decided the answer,
with the Reason's id and the line of the configuration that is responsible. A cross marks what failed, an exclamation mark
what was slow. The whole story of one is told by

  vitrine explain --id ID

With --follow further ones are shown as they end, until Ctrl-C, or until the server stops.

The filters: of one that is given several times, or with commas, one value must fit; of several filters, all must. In a
--path a * is any text. A --status is a number or a class such as 4xx. A --reason is an id, or the beginning of some, with
a dot at its end: resource. fits all of them. It fits whatever decision the log would name.

What is recorded is bounded: the last journeys within the memory that a journeys block gives them, and for longer those
that failed or were slow. The line below the list says what is recorded, how much there is, and how many requests
were left out: by sample, when or most of that block, or because they came faster than they could be kept.

With --export journeys go to other programs, all that fit, with everything that is known of them: har for a browser's
developer tools, pcapng for Wireshark, json for any other. On the kernel's sockets the frames in a pcapng are
reconstructed, and marked so. Secrets (Authorization, cookies) were not recorded, unless the configuration shows them.`,
		Example: `  vitrine journeys
  vitrine journeys --follow --status 4xx,5xx
  vitrine journeys --failed --slow -n 50
  vitrine journeys --path '/api/*' --slower 200ms --client 203.0.113.0/24
  vitrine journeys --reason resource.missing --json
  vitrine journeys --before 21:45
  vitrine journeys --failed --export har -o failures.har
  vitrine journeys --id 1f2e3d4c5b6a7988 --export pcapng -o - | tshark -r -`,
		Args: arguments(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error {
			if f.follow && !c.Flags().Changed("number") {
				f.number = followJourneys
			}
			if f.export != "" && !c.Flags().Changed("number") {
				f.number = longestJourneys
			}
			return p.journeys(c.Context(), f)
		},
	}
	f.ask.add(c)
	f.filter.add(c)
	c.Flags().BoolVarP(&f.follow, "follow", "f", false, "show further ones as they end")
	c.Flags().IntVarP(&f.number, "number", "n", usualJourneys, "show at most this many that are over; 10 with --follow, and all with --export")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON, for programs: a list, or one object a line with --follow")
	c.Flags().StringVar(&f.export, "export", "", "write them for other programs, in this `format`: har, pcapng or json")
	c.Flags().StringVar(&f.id, "id", "", "with --export: only the journey with this `id`, or the one whose id begins so")
	c.Flags().StringVarP(&f.output, "output", "o", "", "with --export: the `file` to write; - is the standard output")
	c.MarkFlagsMutuallyExclusive("follow", "export")
	c.MarkFlagsMutuallyExclusive("json", "export")
	c.MarkFlagFilename("output", "har", "pcapng", "json")
	fixed(c, "export", exportFormats)
	p.completeJourneys(c)
	return c
}

func (p *program) journeys(ctx context.Context, f journeysFlags) error {
	query, err := f.query(time.Now())
	if err != nil {
		return err
	}
	if f.export != "" {
		return p.export(ctx, f, query)
	}
	client, status, err := p.ask(ctx, f.ask)
	if err != nil {
		return err
	}
	if f.follow {
		return p.followJourneys(ctx, f, client, status, query)
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	query.Set("limit", strconv.Itoa(f.number))
	var list api.Journeys
	if err := client.Ask(ctx, "/api/journeys?"+query.Encode(), &list); err != nil {
		return unasked(err, status)
	}
	slices.Reverse(list.Journeys) // the youngest is where the reader looks first, at the end
	if f.json {
		if list.Journeys == nil {
			list.Journeys = []api.Summary{}
		}
		return writeJSON(p.out, list.Journeys)
	}
	s := style(p.out)
	t := newJourneyTable(s, time.Now(), list.Journeys)
	var b []byte
	for i := range list.Journeys {
		b = t.append(b, &list.Journeys[i])
	}
	b = appendRecording(b, &list, f.filter.some(), f.ask.again(), s)
	_, err = p.out.Write(b)
	return err
}

// query checks the flags, and is what the server is asked.
func (f *journeysFlags) query(now time.Time) (url.Values, error) {
	switch {
	case f.number < 0:
		return nil, &usageError{message: "--number is not negative", hint: "write, for example, -n 50"}
	case f.number > longestJourneys:
		return nil, &usageError{message: fmt.Sprintf("--number is at most %d", longestJourneys), hint: "to go on from there, use --before, or --export json"}
	case f.export == "" && f.output != "":
		return nil, &usageError{message: "--output needs --export", hint: "write, for example, --export har -o journeys.har"}
	case f.export == "" && f.id != "":
		return nil, &usageError{message: "--id is for --export", hint: "the story of one journey: vitrine explain --id " + f.id}
	case f.export != "" && !slices.Contains(exportFormats, f.export):
		return nil, &usageError{message: fmt.Sprintf("--export %q is no format", f.export), hint: "there are har, pcapng and json"}
	case f.follow && f.filter.before != "":
		return nil, &usageError{message: "--before is of the past, and --follow of the future", hint: "leave one of them out"}
	}
	if f.id != "" {
		if err := checkID(f.id); err != nil {
			return nil, err
		}
	}
	return f.filter.query(now)
}

// followJourneys shows journeys as they end.
func (p *program) followJourneys(ctx context.Context, f journeysFlags, client *control.Client, status control.Status, query url.Values) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	query.Set("last", strconv.Itoa(f.number))
	s := style(p.out)
	var t *journeyTable
	shown := 0
	err := client.Stream(ctx, "/api/journeys/stream?"+query.Encode(), func(event string, data []byte) error {
		if event != "journeys" {
			return nil // of a newer version
		}
		var batch api.Batch
		if err := json.Unmarshal(data, &batch); err != nil {
			return fmt.Errorf("the server sent what is no batch of journeys: %w", err)
		}
		if t == nil {
			t = newJourneyTable(s, time.Now(), batch.Journeys)
			t.steady()
			if s.Terminal && len(batch.Journeys) == 0 {
				fmt.Fprintf(p.err, "waiting for requests of the server (process %d); Ctrl-C ends it\n", status.PID)
			}
		}
		if batch.LeftOut > 0 {
			fmt.Fprintf(p.err, "%s not shown: this output is too slow for them\n", plural(int(batch.LeftOut), "journey"))
		}
		shown += len(batch.Journeys)
		return p.writeBatch(batch.Journeys, t, f.json)
	})
	switch {
	case ctx.Err() != nil: // somebody has seen enough
		return nil
	case errors.Is(err, syscall.EPIPE): // so has whoever reads it
		return nil
	case err == nil:
		fmt.Fprintf(p.err, "the server (process %d) has stopped; %s\n", status.PID, shownOf(shown))
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("the server (process %d) went away without a word: it was killed, or has crashed; %s", status.PID, shownOf(shown))
	}
	return unasked(err, status)
}

func shownOf(n int) string {
	if n == 1 {
		return "1 journey was shown"
	}
	return fmt.Sprintf("%d journeys were shown", n)
}

func (p *program) writeBatch(all []api.Summary, t *journeyTable, asJSON bool) error {
	var b []byte
	for i := range all {
		if !asJSON {
			b = t.append(b, &all[i])
			continue
		}
		line, err := json.Marshal(&all[i])
		if err != nil {
			return err
		}
		b = append(append(b, plainJSON(line)...), '\n')
	}
	_, err := p.out.Write(b)
	return err
}

// unasked is what to say when the API did not answer.
func unasked(err error, s control.Status) error {
	var said *control.AnswerError
	switch {
	case errors.Is(err, control.ErrOld):
		return fmt.Errorf("the server (process %d) is of another version of vitrine, which does not know this question; restart it to ask it", s.PID)
	case errors.As(err, &said) && said.Status == 400:
		return &usageError{message: said.What, hint: said.Hint}
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the server (process %d) did not answer within %v: it is halted, or too busy", s.PID, askTime)
	}
	return err
}

// appendRecording says what the list is a part of: what is recorded, how much there is, and what to do next.
func appendRecording(b []byte, list *api.Journeys, filtered bool, again string, s terminal.Style) []byte {
	r := &list.Recording
	say := func(text string) {
		for _, line := range terminal.Wrap(text, s.Width) {
			b = append(s.Paint(b, terminal.Quiet, line), '\n')
		}
	}
	if !r.On && r.Journeys == 0 {
		say("nothing is recorded: journeys { off = true } says so in the configuration")
		return b
	}
	if len(list.Journeys) == 0 {
		switch {
		case r.Journeys > 0 && filtered:
			say("no journey fits")
		case r.Journeys > 0:
			say("there is no journey before that time")
		default:
			say("nothing was recorded yet")
		}
	} else if n := len(list.Journeys); n < r.Journeys {
		say(fmt.Sprintf("%s of %s", number(uint64(n)), plural(r.Journeys, "journey")))
	}
	text := "recorded: " + r.Mode
	if !r.On {
		text = "nothing is recorded any more"
	}
	if r.Limit > 0 {
		text += fmt.Sprintf("; %s of %s used", bytesOf(r.Bytes), bytesOf(r.Limit))
	}
	if at, err := time.Parse(time.RFC3339Nano, r.Oldest); err == nil {
		since := "; complete since "
		if !r.On || r.LeftOut > 0 {
			since = "; since "
		}
		text += since + at.Local().Format("2006-01-02 15:04:05")
	}
	if r.LeftOut > 0 {
		text += fmt.Sprintf("; %s left out", were(r.LeftOut, "request"))
	}
	say(text)
	if n := len(list.Journeys); n > 0 {
		say("why, and by which line: vitrine explain" + again + " --id " + worthLooking(list.Journeys).ID)
	}
	if list.Before != "" {
		say("those before: --before " + list.Before)
	}
	return b
}

// worthLooking is the youngest journey that did not go well, or the youngest.
func worthLooking(all []api.Summary) *api.Summary {
	for i := len(all) - 1; i >= 0; i-- {
		if j := &all[i]; j.Failed || j.Slow || j.Status >= 400 {
			return j
		}
	}
	return &all[len(all)-1]
}

func were(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun + " was"
	}
	return number(n) + " " + noun + "s were"
}

// bytesOf is a size in binary units, as a configuration gives it.
func bytesOf(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB"}
	size, unit := float64(n), 0
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	if unit == 0 || size == float64(int64(size)) {
		return fmt.Sprintf("%.0f %s", size, units[unit])
	}
	return fmt.Sprintf("%.1f %s", size, units[unit])
}

// words are the values of a flag that may be given several times, or with commas.
func words(all []string) []string {
	var out []string
	for _, a := range all {
		for word := range strings.SplitSeq(a, ",") {
			if word = strings.TrimSpace(word); word != "" {
				out = append(out, word)
			}
		}
	}
	return out
}
