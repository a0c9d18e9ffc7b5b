package server

import (
	"encoding/hex"
	"strings"
	"testing"

	"vitrine/server/control"
)

// frame is a frame written as hexadecimal digits with spaces.
func frame(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	ether4 = "020000000001 020000000002 0800 "
	ip4    = "45000028 00000000 40060000 c6120001 c6120002 " // 198.18.0.1 to 198.18.0.2, TCP
	ether6 = "020000000001 020000000002 86dd "
	ip6    = "60000000 00140640 fd000198001800000000000000000001 fd000198001800000000000000000002 "
	ports  = "a000 0050 " // 40960 to 80
)

func TestACaptureKeepsTheFramesOfOneStationOrPort(t *testing.T) {
	frames := map[string]string{
		"tcp4":     ether4 + ip4 + ports,
		"tcp6":     ether6 + ip6 + ports,
		"arp":      "ffffffffffff 020000000001 0806 0001080006040001 020000000001 c6120001 000000000000 c6120002",
		"fragment": ether4 + strings.Replace(ip4, "00000000 4006", "00000010 4006", 1) + ports,
		"other":    "020000000001 020000000002 88cc 00",
		"short":    "0200",
		"cut":      ether4 + "4500",
		"long ihl": ether4 + strings.Replace(ip4, "45", "4f", 1),
	}
	for _, c := range []struct {
		o    control.CaptureOptions
		kept string
	}{
		{control.CaptureOptions{Host: "198.18.0.1"}, "tcp4 arp fragment long ihl"},
		{control.CaptureOptions{Host: "198.18.0.2"}, "tcp4 arp fragment long ihl"},
		{control.CaptureOptions{Host: "fd00:198:18::2"}, "tcp6"},
		{control.CaptureOptions{Host: "198.18.0.3"}, ""},
		{control.CaptureOptions{Port: 80}, "tcp4 tcp6"},
		{control.CaptureOptions{Port: 40960, Host: "198.18.0.1"}, "tcp4"},
		{control.CaptureOptions{Port: 81}, ""},
	} {
		for name, text := range frames {
			want := false
			for _, kept := range []string{"tcp4", "tcp6", "arp", "fragment", "long ihl"} {
				want = want || kept == name && strings.Contains(c.kept, name)
			}
			if got := keep(c.o)(frame(t, text)); got != want {
				t.Errorf("%+v keeps %s: %v", c.o, name, got)
			}
		}
	}
	if keep(control.CaptureOptions{Snap: 64}) != nil {
		t.Error("a capture of everything looks at every frame")
	}
}

func FuzzEnds(f *testing.F) {
	for _, seed := range []string{ether4 + ip4 + ports, ether6 + ip6 + ports, ether4 + "4f"} {
		b, _ := hex.DecodeString(strings.Join(strings.Fields(seed), ""))
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { ends(b) })
}
