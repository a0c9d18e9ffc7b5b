package config

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// checkListenAddress checks "host:port" with an address or nothing for the host.
func checkListenAddress(text string) *problem {
	if _, err := strconv.ParseUint(text, 10, 16); err == nil {
		return &problem{message: fmt.Sprintf("the address %q lacks a colon", text), hint: fmt.Sprintf("write %q for all addresses, or %q for this machine only", ":"+text, "127.0.0.1:"+text)}
	}
	if strings.Contains(text, "://") {
		return &problem{message: quoted(text) + " is a URL, not an address", hint: `write, for example, ":80"; host names belong in site blocks`}
	}
	if p := checkBare(text); p != nil {
		return p
	}
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return &problem{message: quoted(text) + " is no address with a port", hint: `write, for example, ":80", "127.0.0.1:8080" or "[::1]:8080"`}
	}
	if p := checkPort(port, len(text)-len(port)); p != nil {
		return p
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "" {
		return nil
	}
	p := &problem{message: quoted(host) + " is no address", end: len(text) - len(port) - 1}
	switch host {
	case "*":
		p.hint = fmt.Sprintf("write %q for all addresses", ":"+port)
	case "localhost":
		p.hint = fmt.Sprintf("write %q and %q", "127.0.0.1:"+port, "[::1]:"+port)
	default:
		p.hint = fmt.Sprintf("names are not looked up here; write the address, or %q for all; host names belong in site blocks", ":"+port)
	}
	return p
}

// checkBare reports an address without a port, or without the brackets that part the two.
func checkBare(text string) *problem {
	addr, err := netip.ParseAddr(text)
	end := strings.LastIndexByte(text, ':')
	if end > 0 {
		_, portErr := strconv.ParseUint(text[end+1:], 10, 16)
		if front, err := netip.ParseAddr(text[:end]); err == nil && portErr == nil && front.Is6() {
			return &problem{message: quoted(text) + " does not say where the address ends and the port begins", hint: "write " + quoted("["+text[:end]+"]"+text[end:])}
		}
	}
	if err == nil {
		return &problem{message: quoted(text) + " has no port", hint: "write, for example, " + quoted(net.JoinHostPort(addr.String(), "80"))}
	}
	return nil
}

func checkPort(port string, offset int) *problem {
	if _, err := strconv.ParseUint(port, 10, 16); err == nil {
		return nil
	}
	if meant := map[string]string{"http": "80", "https": "443"}[port]; meant != "" {
		return &problem{message: quoted(port) + " is no port", hint: "write " + meant, offset: offset, end: offset + len(port)}
	}
	return &problem{message: fmt.Sprintf("%q is no port", port), hint: "a port is a number from 0 to 65535; 0 lets the system choose", offset: offset, end: offset + max(len(port), 1)}
}

// listenKey is an address in the one form that two spellings of it share.
func listenKey(text string) string {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		return text
	}
	if n, err := strconv.ParseUint(port, 10, 16); err == nil {
		port = strconv.FormatUint(n, 10)
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr != netip.IPv6Unspecified() {
		return net.JoinHostPort(addr.Unmap().String(), port)
	}
	return ":" + port
}

// parseNetwork reads an address or a network in CIDR notation.
func parseNetwork(text string) (netip.Prefix, *problem) {
	if addr, err := netip.ParseAddr(text); err == nil {
		if addr.Zone() != "" {
			return netip.Prefix{}, &problem{message: quoted(text) + " has a zone", hint: "leave it out: " + quoted(addr.WithZone("").String())}
		}
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		hint := `write, for example, "192.0.2.1", "192.0.2.0/24" or "2001:db8::/32"`
		switch text {
		case "localhost":
			hint = `write "127.0.0.0/8" and "::1"`
		case "all", "*", "any":
			hint = `write "0.0.0.0/0" and "::/0"`
		}
		return netip.Prefix{}, &problem{message: quoted(text) + " is neither an address nor a network", hint: hint}
	}
	if network.Masked() != network {
		return netip.Prefix{}, &problem{message: fmt.Sprintf("the address in %q has more than its first %d bits", text, network.Bits()),
			hint: fmt.Sprintf("write %q for the network, or %q for the one address", network.Masked(), network.Addr())}
	}
	return network, nil
}

// parseSocket reads a local address with a port; a zero port is any.
func parseSocket(text string) (netip.AddrPort, *problem) {
	socket, err := netip.ParseAddrPort(text)
	if err == nil {
		return netip.AddrPortFrom(socket.Addr().Unmap(), socket.Port()), nil
	}
	if p := checkBare(text); p != nil {
		return netip.AddrPort{}, p
	}
	return netip.AddrPort{}, &problem{message: quoted(text) + " is no address with a port", hint: `write, for example, "192.0.2.1:80", or "[::1]:0" for any port`}
}

// hostProfile turns international names into the form they have in requests.
var hostProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(false))

// ASCIIHost is an international host name in the form that clients send. Any other text is returned as it is.
func ASCIIHost(name string) string {
	if strings.IndexFunc(name, func(c rune) bool { return c >= utf8.RuneSelf }) < 0 {
		return name
	}
	if ascii, err := hostProfile.ToASCII(name); err == nil {
		return ascii
	}
	return name
}

// checkHost checks a site's host: a name, a wildcard, or an address.
func checkHost(text string) *problem {
	if text == "*" || text == "_" || text == "" {
		return &problem{message: quoted(text) + " is no host name", hint: "write default = true in the site that answers for hosts nobody claims"}
	}
	if rest, ok := cutScheme(text); ok {
		return &problem{message: quoted(text) + " is a URL, not a host name", hint: "write " + quoted(rest)}
	}
	if _, ok := hostAddress(text); ok {
		return nil
	}
	if host, port, ok := strings.Cut(text, ":"); ok {
		return &problem{message: quoted(text) + " has a port, and hosts have none", hint: fmt.Sprintf("write %q, and the port in a listen block: listen %q {}", host, ":"+port), offset: len(host), end: len(text)}
	}
	if i := strings.IndexByte(text, '/'); i >= 0 {
		return &problem{message: quoted(text) + " has a path, and hosts have none", hint: fmt.Sprintf("write %q, and route %q inside it", text[:i], text[i:]), offset: i, end: len(text)}
	}
	name := strings.TrimPrefix(text, "*.")
	if i := strings.IndexByte(name, '*'); i >= 0 {
		return &problem{message: quoted(text) + " has its * in another place than the first label", hint: `a wildcard is written "*.example.org"; it stands for one or more labels`}
	}
	ascii, err := hostProfile.ToASCII(name)
	if err != nil || !isHostName(ascii) {
		return &problem{message: quoted(text) + " is no host name", hint: "a host name consists of labels of letters, digits and hyphens with dots between them"}
	}
	return nil
}

func cutScheme(text string) (string, bool) {
	for _, scheme := range []string{"http://", "https://"} {
		if rest, ok := strings.CutPrefix(text, scheme); ok {
			rest, _, _ = strings.Cut(rest, "/")
			return rest, true
		}
	}
	return text, false
}

// isHostName checks the bounds of DNS and the characters that clients send.
func isHostName(name string) bool {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		for i := range len(label) {
			if c := label[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
				return false
			}
		}
	}
	return true
}

// hostAddress reads a host that is an address, with or without the brackets of IPv6.
func hostAddress(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	return addr, err == nil
}

// normalHost is the form in which hosts are compared: lower case, A-labels, no final dot, addresses in their shortest
// form and those of IPv6 in brackets. The text has passed checkHost.
func normalHost(text string) string {
	if addr, ok := hostAddress(text); ok {
		if addr.Is6() {
			return "[" + addr.String() + "]"
		}
		return addr.String()
	}
	name, wildcard := strings.CutPrefix(text, "*.")
	ascii, err := hostProfile.ToASCII(name)
	if err != nil {
		ascii = name
	}
	ascii = strings.ToLower(strings.TrimSuffix(ascii, "."))
	if wildcard {
		return "*." + ascii
	}
	return ascii
}
