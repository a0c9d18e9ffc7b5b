package web

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"vitrine/web/serve"
)

// crowd is how many keep-alive connections are idle at once.
const crowd = 9000

// Nine thousand clients have had an answer and keep their connections. Each costs at most so many bytes of the server's
// memory, and others are served as ever.
func TestACrowdOfIdleConnections(t *testing.T) {
	room(t, 2*crowd+500)
	bounds := map[string]uint64{
		serve.Events:        1024,
		serve.EventsPerCore: 1024,
		serve.Pool:          1024,
		serve.Threads:       8 << 10, // a goroutine's stack, and what it stands for
	}
	concurrentOnKernel(t, func(t *testing.T, arch string) {
		sv := start(t, arch, Settings{Connections: crowd + 100, ConnectionsPerClient: 1000, KeepAliveTimeout: time.Hour}, numbered)
		sv.SetHandler(silent{sv.now.Load().handler}, nil)
		for range 20 { // what is made once is made
			honest(t, sv, 1)
		}
		port := int(sv.listener.Addr().Port())
		before := memory()
		clients := make([]int, crowd)
		request, buf := []byte(get("/")), make([]byte, 1000)
		for i := range clients {
			clients[i] = connect(t, i, port)
			if _, err := unix.Write(clients[i], request); err != nil {
				t.Fatal(err)
			}
		}
		for _, fd := range clients {
			if n, err := unix.Read(fd, buf); n == 0 || err != nil {
				t.Fatalf("a client read %d bytes, %v", n, err)
			}
		}
		until(t, func() bool { return sv.Engine().Open() >= crowd })
		each := (memory() - before) / crowd
		t.Logf("%d bytes for each idle connection", each)
		if most := bounds[arch]; each > most && !underRace {
			t.Errorf("an idle connection costs %d bytes, at most %d may be", each, most)
		}
		if worst := honest(t, sv, 100); worst > time.Second {
			t.Errorf("with %d idle connections, an answer took %v", crowd, worst)
		}
		for i := 0; i < crowd; i += 90 { // they are idle, not forgotten
			unix.Write(clients[i], request)
			if n, err := unix.Read(clients[i], buf); n == 0 || err != nil {
				t.Errorf("client %d: %d bytes, %v", i, n, err)
			}
		}
		for _, fd := range clients {
			unix.Close(fd)
		}
		until(t, func() bool { return sv.Engine().Open() == 0 })
	})
}

// connect connects with the kernel's calls alone, so that all memory that is counted is the server's. Clients come from
// many addresses.
func connect(t *testing.T, i, port int) int {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, byte(1 + i/500), 1}})
	}
	if err == nil {
		err = unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port})
	}
	if err == nil {
		err = unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: int64(patience.Seconds())})
	}
	if err != nil {
		t.Fatalf("client %d: %v", i, err)
	}
	return fd
}

// memory is what the program holds: its heap and its goroutines' stacks.
func memory() uint64 {
	var m runtime.MemStats
	for range 3 { // what pools hold is gone after two
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// room sees to it that so many descriptors may be open.
func room(t *testing.T, n uint64) {
	t.Helper()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	old := limit
	if limit.Max < n {
		t.Skipf("needs %d descriptors, and this process may have %d", n, limit.Max)
	}
	if limit.Cur < n {
		limit.Cur = n
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Setrlimit(unix.RLIMIT_NOFILE, &old) })
	}
	t.Cleanup(debug.FreeOSMemory)
}
