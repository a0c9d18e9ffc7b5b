package journey

import "net/netip"

// appendClient appends an address as a record keeps it, where it is not the connection's other end.
func appendClient(b []byte, client netip.AddrPort) []byte {
	return netip.AddrPortFrom(client.Addr().WithZone(""), client.Port()).AppendTo(b)
}

// client is who asked, in a record; not valid when proxies hid it.
func (v *view) client(f []byte, t *texts) netip.AddrPort {
	switch {
	case f[atFlags]&flagClientHidden != 0:
		return netip.AddrPort{}
	case len(t.client) > 0:
		client, _ := netip.ParseAddrPort(string(t.client)) // appendClient wrote it
		return client
	}
	return v.conns[little.Uint32(f[atConn:])].remote
}
