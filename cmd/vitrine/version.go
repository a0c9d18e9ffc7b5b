package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// version is set by release builds with -ldflags "-X main.version=…"; otherwise the build information tells.
var version string

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		GroupID: "understanding",
		Short:   "Say which build this is",
		Long:    "Version prints the version, the commit it was built from, the Go version and the system it is for.",
		Example: "  vitrine version",
		Args:    arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.out, build())
			return err
		},
	}
}

// build is the version in one line.
func build() string {
	name, commit, changed := version, "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		if name == "" {
			name = info.Main.Version
		}
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				commit = ", commit " + s.Value[:min(12, len(s.Value))]
			case "vcs.modified":
				if s.Value == "true" {
					changed = ", with changes"
				}
			}
		}
	}
	if name == "" || name == "(devel)" || strings.HasPrefix(name, "v0.0.0-") { // the toolchain's way to say untagged
		name = "development build"
	}
	return fmt.Sprintf("vitrine %s%s%s, %s, %s/%s", name, commit, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
