package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestWalkthrough does what docs/own-stack.md tells a newcomer to do: its commands, in its order, each of which must
// succeed, in a namespace that needs no root.
func TestWalkthrough(t *testing.T) {
	if os.Getenv("VITRINE_WRAP") != "" {
		t.Skip("the walk-through makes its own namespace, and VITRINE_WRAP says where the server is to run")
	}
	for _, program := range []string{"unshare", "bash", "ip", "curl", "ping", "tshark"} {
		if _, err := lookPath(program); err != nil {
			t.Skipf("the walk-through needs %s, which is not installed", program)
		}
	}
	const shell = "unshare -rn bash"
	// A process namespace beside: what is still running at the end goes with it.
	enclosure := append(strings.Fields(shell)[:2:2], "--pid", "--fork", "--mount-proc", "--kill-child", "bash")
	if out, err := exec.Command(enclosure[0], append(enclosure[1:], "-c", "test -c /dev/net/tun")...).CombinedOutput(); err != nil {
		t.Skipf("this user cannot have namespaces, or there is no /dev/net/tun: %v: %s", err, out)
	}
	text, err := os.ReadFile(filepath.Join(moduleRoot(), "docs", "own-stack.md"))
	if err != nil {
		t.Fatal(err)
	}
	commands := ""
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		commands += block[1]
	}
	first, commands, _ := strings.Cut(commands, "\n")
	if first != shell {
		t.Fatalf("the walk-through begins with %q, not with %q", first, shell)
	}
	folder := t.TempDir()
	commands = strings.ReplaceAll(commands, "/tmp/site", filepath.Join(folder, "site"))
	// As a person at a keyboard would: with jobs, and looking at each command's success. Other people's servers are hidden.
	script := "set -m -E\ntrap 'echo \"FAILED: $BASH_COMMAND\" >&2; exit 1' ERR\nmount -t tmpfs none /run/vitrine 2>/dev/null || :\n" + commands
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, enclosure[0], append(enclosure[1:], "-c", script)...)
	cmd.Env = append(os.Environ(), "PATH="+linked(t, folder)+":"+os.Getenv("PATH")+":/usr/sbin:/sbin",
		"XDG_RUNTIME_DIR="+filepath.Join(folder, "run"), "GOTRACEBACK=all")
	printed, err := os.Create(filepath.Join(folder, "printed"))
	if err != nil {
		t.Fatal(err)
	}
	defer printed.Close()
	cmd.Stdout, cmd.Stderr = printed, printed // a file: nobody waits for the jobs that hold it open
	err = cmd.Run()
	out, _ := os.ReadFile(printed.Name())
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		`(?s)hello.*hello.*1 received`,           // curl, curl, ping
		`ESTABLISHED +0 +\d+ +198\.18\.0\.2:80 `, // the slow download
		`TIME-WAIT +0 +0 +198\.18\.0\.2:80 `,     // HTTP/1.0
		`\[SYN\]`, `\[FIN, ACK\]`,                // the frames
		`GET / HTTP/1\.1\s+journey [0-9a-f]{16}`,    // and their journeys
		`HTTP/1\.1 200 OK.*\s+journey [0-9a-f]{16}`, //
		`tcp\.established`,                          // the counters
		`hello\s*$`,                                 // over the packet socket
	} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("nothing was printed that matches %s", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}

// linked is a folder in which the program is called vitrine, whatever it is called elsewhere.
func linked(t *testing.T, folder string) string {
	t.Helper()
	programs := filepath.Join(folder, "bin")
	if err := os.Mkdir(programs, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(programs, "vitrine")); err != nil {
		t.Fatal(err)
	}
	return programs
}
