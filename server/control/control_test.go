package control

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "system")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		os.Setenv("TMPDIR", folder) // and the user's folder for temporary files is in it
		systemFolder = filepath.Join(folder, "vitrine")
		return m.Run()
	}())
}

// patience is how long a test waits for what must happen.
const patience = time.Minute

func asked(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// folderOf is an environment in which all servers have their sockets in one folder.
func folderOf(folder string) func(string) string {
	return func(name string) string {
		if name == "RUNTIME_DIRECTORY" {
			return folder
		}
		return ""
	}
}

// short is a folder whose path leaves room for the name of a socket.
func short(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "ctl")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return filepath.Join(folder, "vitrine")
}

func listen(t *testing.T, path string, s Server) *Listener {
	t.Helper()
	if s.Status == nil {
		s.Status = func() Status { return Status{PID: 7} }
	}
	if err := makeFolder(filepath.Dir(path)); err != nil {
		t.Fatal(err)
	}
	l, err := Listen(path, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestAServerTellsWhoItIsAndWhatItHas(t *testing.T) {
	path := filepath.Join(short(t), "7.sock")
	want := Socket{Protocol: "tcp", State: "ESTABLISHED", Local: "198.18.0.2:80", TCP: &TCP{MSS: 1448, RTT: 0.05, Options: []string{"ts"}}}
	listen(t, path, Server{
		Status:   func() Status { return Status{PID: 7, Network: "tap:tap0"} },
		Sockets:  func(context.Context) ([]Socket, error) { return []Socket{want}, nil },
		Counters: func(context.Context) ([]Counter, error) { return nil, errors.New("the loops do not answer") },
	})
	c := Dial(path)
	if s, err := c.Status(asked(t)); err != nil || s.PID != 7 || s.Network != "tap:tap0" {
		t.Errorf("the status is %+v, %v", s, err)
	}
	all, err := c.Sockets(asked(t))
	if err != nil || len(all) != 1 || all[0].Local != want.Local || all[0].TCP == nil || all[0].TCP.RTT != 0.05 {
		t.Errorf("the sockets are %+v, %v", all, err)
	}
	if _, err := c.Counters(asked(t)); err == nil || !strings.Contains(err.Error(), "the loops do not answer") {
		t.Errorf("the counters: %v", err)
	}
}

func TestAServerOnTheKernelsSocketsSaysSo(t *testing.T) {
	path := filepath.Join(short(t), "7.sock")
	listen(t, path, Server{})
	c := Dial(path)
	_, sockets := c.Sockets(asked(t))
	_, counters := c.Counters(asked(t))
	_, capture := c.Capture(asked(t), CaptureOptions{})
	for _, err := range []error{sockets, counters, capture} {
		if !errors.Is(err, ErrKernel) {
			t.Errorf("the answer is %v", err)
		}
	}
}

func TestOnlyTheUserMayUseTheSocket(t *testing.T) {
	path := filepath.Join(short(t), "7.sock")
	listen(t, path, Server{})
	for name, want := range map[string]fs.FileMode{path: fs.ModeSocket | 0o600, filepath.Dir(path): fs.ModeDir | 0o700} {
		info, err := os.Lstat(name)
		if err != nil || info.Mode() != want {
			t.Errorf("%s has the mode %v, %v", name, info.Mode(), err)
		}
	}
}

func TestAFolderInWhichOthersMayWriteIsRefused(t *testing.T) {
	folder := short(t)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := ListenAnywhere(folderOf(folder), 7, Server{}); err == nil || !strings.Contains(err.Error(), "others may write") {
		t.Errorf("it listens there: %v", err)
	}
	leave(t, filepath.Join(folder, "8.sock"))
	if all, _ := Find(asked(t), folderOf(folder)); len(all) != 0 {
		t.Errorf("what others put there is asked: %v", all)
	}
	if _, err := os.Lstat(filepath.Join(folder, "8.sock")); err != nil {
		t.Errorf("and removed: %v", err)
	}
}

// leave leaves a socket behind on which nobody listens, as a process does that was killed.
func leave(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func TestWhatOthersLeftBehindIsRemoved(t *testing.T) {
	folder := short(t)
	first := listen(t, filepath.Join(folder, "1.sock"), Server{})
	for _, name := range []string{"2.sock", "3.sock"} {
		leave(t, filepath.Join(folder, name))
	}
	again, err := ListenAnywhere(folderOf(folder), 3, Server{Status: func() Status { return Status{PID: 3} }})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if _, err := os.Lstat(filepath.Join(folder, "2.sock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket of a server that was killed is still there: %v", err)
	}
	leave(t, filepath.Join(folder, "4.sock"))
	all, denied := Find(asked(t), folderOf(folder))
	if len(all) != 2 || len(denied) != 0 {
		t.Errorf("found %+v, and denied %v", all, denied)
	}
	if _, err := os.Lstat(filepath.Join(folder, "4.sock")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("looking for servers leaves it there: %v", err)
	}
	first.Close()
	if _, err := os.Lstat(first.Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a server that has stopped leaves its socket: %v", err)
	}
}

func TestASocketThatIsInUseIsNotTaken(t *testing.T) {
	path := filepath.Join(short(t), "7.sock")
	listen(t, path, Server{})
	if _, err := Listen(path, Server{}); err == nil || !strings.Contains(err.Error(), "another server listens") {
		t.Errorf("the second one: %v", err)
	}
	file := filepath.Join(filepath.Dir(path), "notes")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(file, Server{}); err == nil {
		t.Error("a file was taken for a socket")
	}
	if text, err := os.ReadFile(file); string(text) != "mine" {
		t.Errorf("the file is %q, %v", text, err)
	}
}

func TestACaptureStreamsUntilItsReaderHasEnough(t *testing.T) {
	path := filepath.Join(short(t), "7.sock")
	ended := make(chan error, 1)
	listen(t, path, Server{Capture: func(ctx context.Context, w io.Writer, flush func(), o CaptureOptions) error {
		if o != (CaptureOptions{Snap: 64, Host: "198.18.0.1", Port: 80}) {
			t.Errorf("asked for %+v", o)
		}
		io.WriteString(w, "block")
		flush()
		<-ctx.Done()
		ended <- ctx.Err()
		return nil
	}})
	body, err := Dial(path).Capture(asked(t), CaptureOptions{Snap: 64, Host: "198.18.0.1", Port: 80})
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 5)
	if _, err := io.ReadFull(body, got); err != nil || !bytes.Equal(got, []byte("block")) {
		t.Errorf("the first block is %q, %v", got, err)
	}
	body.Close()
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the capture goes on for nobody")
	}
}

func TestACaptureThatCannotBeginSaysWhy(t *testing.T) {
	path := filepath.Join(short(t), "7.sock")
	listen(t, path, Server{Capture: func(context.Context, io.Writer, func(), CaptureOptions) error {
		return errors.New("somebody else captures")
	}})
	if _, err := Dial(path).Capture(asked(t), CaptureOptions{}); err == nil || !strings.Contains(err.Error(), "somebody else captures") {
		t.Errorf("the answer is %v", err)
	}
	if _, err := Dial(path).Capture(asked(t), CaptureOptions{Host: "nobody"}); err == nil || !strings.Contains(err.Error(), "no address") {
		t.Errorf("a host that is no address: %v", err)
	}
}

func TestNoServerIsSaidInPlainWords(t *testing.T) {
	folder := short(t)
	if _, err := Dial(filepath.Join(folder, "7.sock")).Status(asked(t)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	leave(t, filepath.Join(folder, "7.sock"))
	if _, err := Dial(filepath.Join(folder, "7.sock")).Status(asked(t)); !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), "no server listens") {
		t.Errorf("nobody listens: %v", err)
	}
}

func TestTheUsualPlacesFollowTheEnvironment(t *testing.T) {
	rest := []string{temporary()}
	if os.Getuid() == 0 {
		rest = []string{systemFolder, temporary()}
	}
	for _, c := range []struct {
		env  map[string]string
		want []string
	}{
		{map[string]string{"RUNTIME_DIRECTORY": "/run/web:/run/other", "XDG_RUNTIME_DIR": "/run/user/1000"}, []string{"/run/web"}},
		{map[string]string{"XDG_RUNTIME_DIR": "/run/user/1000"}, append([]string{"/run/user/1000/vitrine"}, rest...)},
		{map[string]string{"XDG_RUNTIME_DIR": "relative"}, rest},
		{nil, rest},
	} {
		if got := usual(func(name string) string { return c.env[name] }); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, want %v", c.env, got, c.want)
		}
	}
}

func TestTheNextPlaceServesWhenTheBestOneCannot(t *testing.T) {
	session := filepath.Dir(short(t))
	if err := os.WriteFile(filepath.Join(session, "vitrine"), nil, 0o600); err != nil { // a file in the folder's place
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", session)
	env := func(name string) string {
		if name == "XDG_RUNTIME_DIR" {
			return session
		}
		return ""
	}
	l, err := ListenAnywhere(env, 7, Server{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if strings.HasPrefix(l.Path(), filepath.Join(session, "vitrine")+"/") {
		t.Errorf("it listens on %s", l.Path())
	}
}

// A server that does not answer keeps the others from nothing, and as many captures as one likes would slow the server.
func TestBoundsOfConversations(t *testing.T) {
	folder := short(t)
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	stuck, err := net.Listen("unix", filepath.Join(folder, "1.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	begun := make(chan struct{}, captures)
	listen(t, filepath.Join(folder, "2.sock"), Server{Capture: func(ctx context.Context, w io.Writer, flush func(), o CaptureOptions) error {
		flush()
		begun <- struct{}{}
		<-ctx.Done()
		return nil
	}})
	ctx, cancel := context.WithTimeout(t.Context(), 3*dialTime)
	defer cancel()
	all, _ := Find(ctx, folderOf(folder))
	if len(all) != 2 || all[0].PID != 1 || !all[0].Silent || all[1].PID != 7 || all[1].Silent {
		t.Errorf("a server that is stuck and one that is not are %+v", all)
	}
	c := Dial(filepath.Join(folder, "2.sock"))
	for range captures {
		body, err := c.Capture(asked(t), CaptureOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		<-begun
	}
	if _, err := c.Capture(asked(t), CaptureOptions{}); err == nil || !strings.Contains(err.Error(), "8 captures are running") {
		t.Errorf("one more capture: %v", err)
	}
	for range 2 * conversations { // they are over, and have left their place to others
		if _, err := c.Status(asked(t)); err != nil {
			t.Fatal(err)
		}
	}
}
