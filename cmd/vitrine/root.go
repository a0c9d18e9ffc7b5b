package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/agext/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"vitrine/observe/terminal"
	"vitrine/server/control"
)

// program is what the commands share: the streams, which tests and the shell give.
type program struct {
	in       io.Reader
	out, err io.Writer
}

// execute runs a command line and returns its exit status.
func execute(args []string, in io.Reader, out, errs io.Writer) int {
	p := &program{in: in, out: out, err: errs}
	root := p.root()
	root.SetArgs(args)
	err := root.ExecuteContext(context.Background())
	p.complain(err)
	return status(err)
}

// complain prints an error that has not been printed yet.
func (p *program) complain(err error) {
	var silent exit
	if err == nil || errors.As(err, &silent) {
		return
	}
	fmt.Fprintln(p.err, "vitrine: "+err.Error())
	var usage *usageError
	if errors.As(err, &usage) && usage.hint != "" {
		fmt.Fprintln(p.err, "  "+usage.hint)
	}
	var said *control.AnswerError
	if errors.As(err, &said) && said.Hint != "" {
		fmt.Fprintln(p.err, "  "+said.Hint)
	}
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "vitrine",
		Short: "A web server that explains each of its decisions",
		Long: `vitrine is a web server that explains each of its decisions.

Show this folder on http://localhost:8080/, without any configuration:

  vitrine serve

Write what that amounts to into a file, change it, check it, run it:

  vitrine serve --print-config > vitrine.hcl
  vitrine check
  vitrine run

Ask why a URL is answered as it is:

  vitrine explain http://localhost:8080/missing.html

See what a running server has answered, as it happens, and why:

  vitrine journeys --follow
  vitrine explain --live http://localhost:8080/missing.html`,
		Args:          noCommand,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
		SilenceErrors: true, SilenceUsage: true,
		SuggestionsMinimumDistance: 2,
	}
	root.SetIn(p.in)
	root.SetOut(p.out)
	root.SetErr(p.err)
	root.SetFlagErrorFunc(flagError)
	root.AddGroup(
		&cobra.Group{ID: "serving", Title: "Serving:"},
		&cobra.Group{ID: "configuration", Title: "Configuration:"},
		&cobra.Group{ID: "understanding", Title: "Understanding:"},
	)
	root.SetHelpCommandGroupID("understanding")
	root.SetCompletionCommandGroupID("understanding")
	for _, c := range []*cobra.Command{
		p.serveCommand(), p.runCommand(),
		p.checkCommand(), p.fmtCommand(), p.showCommand(),
		p.explainCommand(), p.journeysCommand(), p.reasonsCommand(),
		p.socketsCommand(), p.captureCommand(), p.countersCommand(), p.versionCommand(),
	} {
		root.AddCommand(c)
	}
	return root
}

// noCommand refuses arguments of the root: they are commands that do not exist.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	e := &usageError{message: fmt.Sprintf("there is no command %q", args[0]), hint: "vitrine --help lists the commands"}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		e.hint = "did you mean vitrine " + near[0] + "?"
	} else if info, err := os.Stat(args[0]); err == nil && info.IsDir() {
		e.hint = "to serve that folder: vitrine serve " + args[0]
	}
	return e
}

// flagError is a flag that does not exist, with the nearest that does, or a wrong value.
func flagError(c *cobra.Command, err error) error {
	e := &usageError{message: err.Error(), hint: c.CommandPath() + " --help lists the flags"}
	var wrong *pflag.InvalidValueError
	if errors.As(err, &wrong) {
		e.message = fmt.Sprintf("--%s %q is no %s", wrong.GetFlag().Name, wrong.GetValue(), valueOf(wrong.GetFlag()))
		return e
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 2 {
		return e
	}
	name := strings.ToLower(unknown.GetSpecifiedName())
	best := 3
	c.Flags().VisitAll(func(f *pflag.Flag) {
		d := levenshtein.Distance(name, f.Name, nil)
		if strings.HasPrefix(f.Name, name) {
			d = 1
		}
		if d < best {
			best, e.hint = d, "did you mean --"+f.Name+"?"
		}
	})
	return e
}

// valueOf is what a flag wants, in words.
func valueOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "uint16":
		return "port: write a number from 1 to 65535"
	case "int", "uint64":
		return "number that it can have: write, for example, --" + f.Name + " 20"
	case "duration":
		return "span of time: write, for example, --" + f.Name + " 10s, or 200ms"
	case "bool":
		return "yes or no: write --" + f.Name + " alone, or --" + f.Name + "=false"
	}
	return f.Value.Type()
}

// arguments bounds the number of arguments, and says what they are when there are too few or too many.
func arguments(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return &usageError{message: c.CommandPath() + " needs " + what, hint: "for example: " + firstExample(c)}
		case len(args) > most && most == 0:
			return &usageError{message: fmt.Sprintf("%s takes no argument, and %q is one", c.CommandPath(), args[0])}
		case len(args) > most:
			return &usageError{message: fmt.Sprintf("%s takes %s, and %q is one too many", c.CommandPath(), what, args[most])}
		}
		return nil
	}
}

// firstExample is the first line of a command's examples that can be typed.
func firstExample(c *cobra.Command) string {
	for line := range strings.Lines(c.Example) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "vitrine") {
			return line
		}
	}
	return c.UseLine()
}

// style is what an output of the program can show; what is no file shows plain text.
func style(w io.Writer) terminal.Style {
	if f, ok := w.(*os.File); ok {
		return terminal.Detect(f, os.Getenv)
	}
	return terminal.Style{}
}
