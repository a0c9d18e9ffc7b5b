package cgi

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestBoundingKeepsNobodysThread bounds a process of another user as is done without CAP_SYS_RESOURCE. Afterwards every thread is
// the server's own again: one with another real user could be sent signals by that user, and with it all of the server.
func TestBoundingKeepsNobodysThread(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("this needs root, who may become somebody else")
	}
	const nobody = 65534
	c := exec.Command("sleep", "60")
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer c.Process.Kill()
	for range 300 { // one of them on the thread that the program began with, which never ends
		if err := bound(c.Process.Pid, []limit{{unix.RLIMIT_NOFILE, unix.Rlimit{Cur: 20, Max: 20}}}, &User{UID: nobody, GID: nobody}); err != nil {
			t.Fatal(err)
		}
	}
	limits, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(c.Process.Pid), "limits"))
	if !regexp.MustCompile(`Max open files +20 +20 `).Match(limits) {
		t.Errorf("the bounds are\n%s", limits)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		strange := ""
		tasks, _ := filepath.Glob("/proc/self/task/*/status")
		for _, name := range tasks {
			text, err := os.ReadFile(name)
			if err != nil {
				continue // it has ended
			}
			for line := range strings.Lines(string(text)) {
				if fields := strings.Fields(line); (fields[0] == "Uid:" || fields[0] == "Gid:") && fields[1] != "0" {
					strange = name + ": " + line
				}
			}
		}
		if strange == "" {
			return
		}
		if time.Now().After(end) {
			t.Fatal("a thread is somebody else's: " + strange)
		}
	}
}
