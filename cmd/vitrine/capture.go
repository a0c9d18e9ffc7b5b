package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"vitrine/server/control"
)

// captureFlags are the flags of capture.
type captureFlags struct {
	ask         askFlags
	output      string
	count, snap int
	duration    time.Duration
	host        string
	port        uint16
}

func (p *program) captureCommand() *cobra.Command {
	var f captureFlags
	c := &cobra.Command{
		Use:     "capture [-o FILE]",
		GroupID: "understanding",
		Short:   "Record the frames of a running server's own TCP/IP stack",
		Long: `Capture records the frames that the adapter of a server with its own TCP/IP stack (--net) sends and receives, live, as
pcapng, which Wireshark and tshark read. The comment of a frame names the journey of the request that its connection is
on: the same number as in the logs.

With offloads, a frame may be a super-segment of up to 64 KiB that is cut on its way, and its checksum may be left to the
adapter; a comment says so. In wire mode (--net …,wire) every frame is as a cable carries it.

Frames hold whatever clients and server send each other, passwords and cookies too: the file is for its owner alone.

It ends with Ctrl-C, after --count frames, after --duration, or when the server stops, and says what it has recorded.`,
		Example: `  vitrine capture -o capture.pcapng
  vitrine capture -o - | wireshark -k -i -
  vitrine capture -o - --port 80 | tshark -r -
  vitrine capture -o first.pcapng --count 100 --snap 128 --host 198.18.0.1`,
		Args: arguments(0, 0, ""),
		RunE: func(c *cobra.Command, _ []string) error { return p.capture(c.Context(), f) },
	}
	f.ask.add(c)
	c.Flags().StringVarP(&f.output, "output", "o", "", "the `file` to write; - is the standard output")
	c.Flags().IntVar(&f.count, "count", 0, "end after this `number` of frames")
	c.Flags().DurationVar(&f.duration, "duration", 0, "end after this `time`, such as 10s")
	c.Flags().IntVar(&f.snap, "snap", 0, "keep this many `bytes` of each frame (default all)")
	c.Flags().StringVar(&f.host, "host", "", "only frames from or to this `address`")
	c.Flags().Uint16Var(&f.port, "port", 0, "only frames from or to this TCP or UDP `port`")
	c.MarkFlagFilename("output", "pcapng")
	return c
}

func (p *program) capture(ctx context.Context, f captureFlags) error {
	switch {
	case f.count < 0 || f.duration < 0 || f.snap < 0:
		return &usageError{message: "--count, --duration and --snap are not negative"}
	case f.host != "":
		a, err := netip.ParseAddr(f.host)
		if err != nil {
			return &usageError{message: fmt.Sprintf("--host %q is no address", f.host), hint: "write, for example, --host 198.18.0.1"}
		}
		f.host = a.String()
	}
	if f.output == "" || f.output == "-" {
		if style(p.out).Terminal {
			return &usageError{message: "a capture is no text, and the output is a terminal",
				hint: "name a file with -o capture.pcapng, or look at it now: vitrine capture -o - | wireshark -k -i -"}
		}
	}
	client, status, err := p.ask(ctx, f.ask)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	began := time.Now()
	stream, err := client.Capture(ctx, control.CaptureOptions{Snap: f.snap, Host: f.host, Port: f.port})
	switch {
	case isKernel(err):
		return p.onKernel(status, "the frames", packetFilter(status))
	case err != nil:
		return err
	}
	defer stream.Close()
	out, where := p.out, "the standard output"
	if f.output != "" && f.output != "-" {
		file, err := os.OpenFile(f.output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) // requests may hold secrets
		if err != nil {
			return err
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			file.Chmod(0o600) // one that was there may have been for everybody
		}
		out, where = file, f.output
	} else {
		signal.Ignore(syscall.SIGPIPE) // whoever reads it may stop first: that is an end, too
	}
	if style(p.err).Terminal {
		fmt.Fprintf(p.err, "recording the frames of %s (process %d); Ctrl-C ends it\n", status.Network, status.PID)
	}
	frames, bytes, err := copyBlocks(out, stream, f.count)
	fmt.Fprintf(p.err, "%s, %s bytes, in %v to %s\n", plural(frames, "frame"), number(uint64(bytes)), time.Since(began).Round(10*time.Millisecond), where)
	if err != nil && ctx.Err() == nil && !errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("the capture was cut short: %w", err)
	}
	return nil
}
