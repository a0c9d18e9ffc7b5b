package names

import (
	"bufio"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// hosts is a hosts file: names of addresses, in the file's order.
type hosts map[netip.Addr][]string

// hostsBytes bounds how much of the file is read.
const hostsBytes = 1 << 20

// readHosts reads the hosts file, which is asked before DNS. It is small, and who asks is away from the loops. A file that
// cannot be read is empty.
func readHosts(path string) hosts {
	if path == "-" {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	return parseHosts(io.LimitReader(f, hostsBytes))
}

// parseHosts reads lines of an address and its names (hosts(5)). What is malformed is left out.
func parseHosts(r io.Reader) hosts {
	all := make(hosts)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) < 2 {
			continue
		}
		a, err := netip.ParseAddr(words[0])
		if err != nil {
			continue
		}
		a = plain(a)
		for _, word := range words[1:] {
			if name, ok := hostName(word); ok && len(all[a]) < mostNames && !slices.Contains(all[a], name) {
				all[a] = append(all[a], name)
			}
		}
	}
	return all
}

// names are those of an address.
func (h hosts) names(a netip.Addr) []string { return h[plain(a)] }
