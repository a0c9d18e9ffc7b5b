package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"vitrine/config"
)

// fmtFlags are the flags of fmt, named as those of gofmt.
type fmtFlags struct{ list, diff, write bool }

func (p *program) fmtCommand() *cobra.Command {
	var f fmtFlags
	c := &cobra.Command{
		Use:     "fmt [FILE|DIR|-]…",
		GroupID: "configuration",
		Short:   "Lay a configuration out in the one canonical way",
		Long: `Fmt prints configuration files in the canonical layout: two spaces a level, equal signs below each other. It changes
spaces only. It has gofmt's flags. Without an argument it takes the vitrine.hcl that run would find; - is standard
input; a folder stands for all .hcl files in it.

With -l or -d the exit status is 1 when a file is not in the canonical layout.`,
		Example: `  vitrine fmt -w
  vitrine fmt -l .
  vitrine fmt -d vitrine.hcl
  vitrine fmt - < vitrine.hcl`,
		RunE: func(_ *cobra.Command, args []string) error { return p.format(args, f) },
	}
	c.Flags().BoolVarP(&f.list, "list", "l", false, "print the names of the files whose layout differs")
	c.Flags().BoolVarP(&f.diff, "diff", "d", false, "print what would change")
	c.Flags().BoolVarP(&f.write, "write", "w", false, "write the result to the file instead of printing it")
	return c
}

func (p *program) format(args []string, f fmtFlags) error {
	if len(args) == 0 {
		path, err := p.find("")
		if err != nil {
			return err
		}
		args = []string{path}
	}
	differs, broken := false, false
	for _, arg := range args {
		paths, err := hclFiles(arg)
		if err != nil {
			return err
		}
		for _, path := range paths {
			changed, err := p.formatOne(path, f)
			if err != nil {
				return err
			}
			differs = differs || changed == layoutDiffers
			broken = broken || changed == layoutBroken
		}
	}
	if broken || differs && (f.list || f.diff) && !f.write {
		return exit(exitNo)
	}
	return nil
}

// layout is what fmt found about a file.
type layout uint8

const (
	layoutCanonical layout = iota
	layoutDiffers
	layoutBroken
)

func (p *program) formatOne(path string, f fmtFlags) (layout, error) {
	name := path
	var src []byte
	var err error
	if path == "-" {
		name = "<standard input>"
		src, err = io.ReadAll(p.in)
	} else {
		src, err = os.ReadFile(path)
	}
	if err != nil {
		return layoutBroken, err
	}
	out, diags := config.Format(src, name)
	if diags.HasErrors() {
		p.report(diags)
		return layoutBroken, nil
	}
	found := layoutCanonical
	if !bytes.Equal(src, out) {
		found = layoutDiffers
	}
	if found == layoutDiffers && f.list {
		fmt.Fprintln(p.out, name)
	}
	if found == layoutDiffers && f.diff {
		p.out.Write(diff(name, src, out))
	}
	if f.write && path != "-" {
		if found == layoutCanonical {
			return found, nil
		}
		return found, replaceFile(path, out)
	}
	if !f.list && !f.diff {
		_, err = p.out.Write(out)
	}
	return found, err
}

// hclFiles are the files that an argument of fmt stands for.
func hclFiles(arg string) ([]string, error) {
	if arg == "-" {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	if err != nil {
		return nil, &usageError{message: err.Error()}
	}
	if !info.IsDir() {
		return []string{arg}, nil
	}
	var paths []string
	err = filepath.WalkDir(arg, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && path != arg && strings.HasPrefix(e.Name(), ".") {
			return filepath.SkipDir
		}
		if e.Type().IsRegular() && strings.EqualFold(filepath.Ext(path), ".hcl") {
			paths = append(paths, path)
		}
		return nil
	})
	return paths, err
}

// replaceFile puts new content in a file's place in one step, so that whoever reads it sees the old or the new one.
func replaceFile(path string, content []byte) error {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(target), filepath.Base(target)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // it is gone already when all went well
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(info.Mode().Perm())
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), target)
}
