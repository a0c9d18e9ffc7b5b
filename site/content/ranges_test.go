package content

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vitrine/config"
	"vitrine/site/resource"
	"vitrine/web/message"
)

// parts takes a multipart/byteranges body apart, into the Content-Range and the bytes of each.
func parts(t *testing.T, h *message.Header, whole string) (ranges []string, bodies [][]byte) {
	t.Helper()
	if got := h.Get("Content-Length"); got != fmt.Sprint(len(whole)) {
		t.Errorf("Content-Length is %s, the body has %d bytes", got, len(whole))
	}
	if h.Has("Content-Range") {
		t.Error("a multipart answer has a Content-Range of its own (RFC 9110 §15.3.7.2)")
	}
	kind, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != "multipart/byteranges" {
		t.Fatalf("Content-Type %s: %v", h.Get("Content-Type"), err)
	}
	reader := multipart.NewReader(strings.NewReader(whole), parameters["boundary"])
	for {
		part, err := reader.NextRawPart()
		if err == io.EOF {
			return ranges, bodies
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(part)
		if err != nil {
			t.Fatal(err)
		}
		if got := part.Header.Get("Content-Type"); got != textType.Value {
			t.Errorf("a part's type is %q", got)
		}
		ranges, bodies = append(ranges, part.Header.Get("Content-Range")), append(bodies, b)
	}
}

func TestMultipart(t *testing.T) {
	e := digits()
	e.Bytes = bytes.Repeat(e.Bytes, 100)
	e.Size = 1000
	var h message.Header
	a := Plan(request("GET", "Range: bytes=0-4,500-504,-3"), e, textType, Options{Ranges: 4, Now: present}, &h, nil)
	if a.Status != 206 || a.Reason != reasonParts {
		t.Fatalf("%d by %s", a.Status, a.Reason)
	}
	ranges, bodies := parts(t, &h, body(t, a.Pieces))
	if got := fmt.Sprintf("%q %q", ranges, bodies); got !=
		`["bytes 0-4/1000" "bytes 500-504/1000" "bytes 997-999/1000"] ["01234" "01234" "789"]` {
		t.Error(got)
	}
	for _, name := range []string{"Last-Modified", "ETag", "Accept-Ranges"} {
		if !h.Has(name) {
			t.Errorf("there is no %s", name)
		}
	}
}

// Whatever ranges are asked for, each byte that is sent is the file's at that place, and all that was asked for is
// sent; from memory and from a descriptor alike.
func TestRangesReassemble(t *testing.T) {
	dir := t.TempDir()
	file := make([]byte, 5000)
	for i := range file {
		file[i] = byte(rand.Uint32())
	}
	name := filepath.Join(dir, "file.txt")
	if err := os.WriteFile(name, file, 0o644); err != nil {
		t.Fatal(err)
	}
	for storage, limit := range map[string]int64{"memory": 1 << 20, "descriptor": 0} {
		var m config.Memory
		m.FilesBytes.V, m.FileBytes.V, m.Descriptors.V, m.Fresh.V = 1<<20, limit, 4, time.Second
		store := resource.NewStore(m)
		root, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		e, failure := root.Load("/file.txt", resource.LoadOptions{}, nil)
		if failure != nil {
			t.Fatal(failure)
		}
		if (e.File != nil) != (storage == "descriptor") {
			t.Fatalf("the file is not in the %s", storage)
		}
		for range 500 {
			wanted := make([]bool, len(file))
			var specs []string
			for range 1 + rand.IntN(6) {
				a, b := rand.IntN(len(file)), rand.IntN(len(file))
				a, b = min(a, b), max(a, b)
				switch rand.IntN(4) {
				case 0:
					specs = append(specs, fmt.Sprintf("%d-", a))
					b = len(file) - 1
				case 1:
					specs = append(specs, fmt.Sprintf("-%d", len(file)-a))
					b = len(file) - 1
				default:
					specs = append(specs, fmt.Sprintf("%d-%d", a, b))
				}
				for i := a; i <= b; i++ {
					wanted[i] = true
				}
			}
			asked := "Range: bytes=" + strings.Join(specs, ",")
			var h message.Header
			a := Plan(request("GET", asked), e, textType, Options{Ranges: 10, Now: present}, &h, nil)
			whole := body(t, a.Pieces)
			var ranges []string
			var bodies [][]byte
			switch a.Reason {
			case reasonWhole:
				ranges, bodies = []string{"bytes 0-4999/5000"}, [][]byte{[]byte(whole)}
			case reasonPart:
				ranges, bodies = []string{h.Get("Content-Range")}, [][]byte{[]byte(whole)}
			default:
				ranges, bodies = parts(t, &h, whole)
			}
			for i, r := range ranges {
				var first, last, size int
				if _, err := fmt.Sscanf(r, "bytes %d-%d/%d", &first, &last, &size); err != nil || size != len(file) {
					t.Fatalf("%s: %q", asked, r)
				}
				if !bytes.Equal(bodies[i], file[first:last+1]) {
					t.Fatalf("%s: the part %s differs from the file", asked, r)
				}
				for i := first; i <= last; i++ {
					wanted[i] = false
				}
			}
			if i := bytes.IndexByte(boolBytes(wanted), 1); i >= 0 {
				t.Fatalf("%s: byte %d was asked for and not sent", asked, i)
			}
		}
		e.Release()
		root.Close()
		if n := store.Stats().Open; n != 0 {
			t.Errorf("%d descriptors are open after all pieces were released", n)
		}
		store.Close()
	}
}

func boolBytes(b []bool) []byte {
	out := make([]byte, len(b))
	for i := range b {
		if b[i] {
			out[i] = 1
		}
	}
	return out
}
