//go:build linux

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"

	"vitrine/stack/link"
)

// The two ends. What lies between them is one Ethernet.
const (
	clientAddress = "198.18.0.1"
	serverAddress = "198.18.0.2"
	ownAddress    = "198.18.0.3"
	serverPort    = "9000"
)

// world is the three processes with their interfaces: client — forwarder — server.
type world struct {
	client, server *process
	bridge         *bridge
}

func build() (*world, error) {
	w := &world{}
	var err error
	if err = ip("link set lo up"); err != nil {
		return nil, err
	}
	if w.client, err = start(client); err != nil {
		return nil, err
	}
	if w.server, err = start(server); err != nil {
		return nil, err
	}
	for _, end := range []struct {
		name string
		at   *process
	}{{"c", w.client}, {"s", w.server}} {
		for _, cmd := range []string{
			fmt.Sprintf("link add %s0 type veth peer name %s1", end.name, end.name),
			fmt.Sprintf("link set %s1 up", end.name),
			fmt.Sprintf("link set %s0 netns %d", end.name, end.at.cmd.Process.Pid),
		} {
			if err := ip(cmd); err != nil {
				return nil, err
			}
		}
		if err := plain(end.name + "1"); err != nil {
			return nil, err
		}
	}
	if _, err := w.client.ask(request{Do: "configure", Interface: "c0", Address: clientAddress + "/24"}); err != nil {
		return nil, err
	}
	if _, err := w.server.ask(request{Do: "configure", Interface: "s0", Address: serverAddress + "/24"}); err != nil {
		return nil, err
	}
	w.bridge, err = newBridge("c1", "s1")
	return w, err
}

// transfer moves n bytes and returns how long that took, and what the server noted when it was asked to.
func (w *world) transfer(maker string, n int, up, note bool, seed uint64, how link.Impairment) (time.Duration, string, error) {
	address := serverAddress
	if maker == "own" {
		address = ownAddress
	}
	if _, err := w.server.ask(request{Do: maker, Interface: "s0", Address: address, Note: note}); err != nil {
		return 0, "", err
	}
	w.bridge.set(how)
	a, err := w.client.ask(request{Do: "transfer", Address: address, Bytes: n, Up: up, Seed: seed})
	w.bridge.set(link.Impairment{})
	if err != nil {
		return 0, "", err
	}
	b, err := w.server.ask(request{Do: "stop"})
	return time.Duration(a.Took), b.Note, err
}

func (w *world) close() {
	for _, p := range []*process{w.client, w.server} {
		p.in.Close()
		p.cmd.Wait()
	}
}

// request is what a process is asked to do, one line of JSON; answer is what it says.
type request struct {
	Do, Interface, Address string
	Bytes                  int
	Up                     bool
	Note                   bool // the sender's counters are wanted
	Seed                   uint64
}

type answer struct {
	Took  int64
	Note  string
	Error string
}

type process struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func start(role string) (*process, error) {
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), roleVariable+"="+role)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &process{c, in, bufio.NewScanner(out)}, c.Start()
}

// ask sends a request and waits for the answer.
func (p *process) ask(r request) (answer, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return answer{}, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return answer{}, err
	}
	if !p.out.Scan() {
		return answer{}, fmt.Errorf("%s: the process has ended", r.Do)
	}
	var a answer
	if err := json.Unmarshal(p.out.Bytes(), &a); err != nil {
		return answer{}, err
	}
	if a.Error != "" {
		return a, fmt.Errorf("%s: %s", r.Do, a.Error)
	}
	return a, nil
}

// agent answers requests until there are none.
func agent(do func(request) (answer, error)) error {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var r request
		err := json.Unmarshal(lines.Bytes(), &r)
		var a answer
		if err == nil {
			if r.Do == "configure" {
				err = configure(r)
			} else {
				a, err = do(r)
			}
		}
		if err != nil {
			a.Error = err.Error()
		}
		line, _ := json.Marshal(a)
		fmt.Println(string(line))
	}
	return lines.Err()
}
