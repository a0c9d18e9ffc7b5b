package elsewhere

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"net/netip"

	"vitrine/trace"
)

// Server is a server that clients can be sent to.
type Server struct {
	URL      string // without a "/" at its end
	Here     bool   // it is this one
	Weight   int    // at least 1
	Networks []netip.Prefix
}

// Choice is the server that a client is sent to, and why.
type Choice struct {
	Index  int // -1: there is none
	Reason *trace.Reason
}

// Choose finds the server for a client: the one with the longest network that contains its address, else one by weight and
// affinity. Servers of which well says false are left out; this one is always well. It does not allocate.
func Choose(all []Server, client netip.Addr, well func(i int) bool) Choice {
	client = client.Unmap().WithZone("")
	best, longest := -1, -1
	for i := range all {
		if !all[i].Here && !well(i) {
			continue
		}
		for _, network := range all[i].Networks {
			if network.Contains(client) && network.Bits() > longest {
				best, longest = i, network.Bits()
			}
		}
	}
	if best >= 0 {
		return Choice{best, ByNetwork.Reach()}
	}
	if i := affine(all, client, well); i >= 0 {
		return Choice{i, ByAffinity.Reach()}
	}
	return Choice{-1, NoneWell.Reach()}
}

// affine is the server with the highest score for the client, by weighted rendezvous hashing: a server that is unwell for a
// while takes nobody but its own clients along, and they come back.
func affine(all []Server, client netip.Addr, well func(i int) bool) int {
	if client.Is6() { // a client has a /64, and may change its address within
		prefix, _ := client.Prefix(64)
		client = prefix.Addr()
	}
	address := client.As16()
	best, highest := -1, math.Inf(-1)
	for i := range all {
		if !all[i].Here && !well(i) {
			continue
		}
		// The score is the exponential race's: -weight/ln(u), for u between 0 and 1 from the hash.
		u := (float64(hash(all[i].URL, address)>>11) + 0.5) / (1 << 53)
		if score := -float64(all[i].Weight) / math.Log(u); score > highest {
			best, highest = i, score
		}
	}
	return best
}

// hash mixes a server and a client. It is the same on every machine and in every process.
func hash(server string, client [16]byte) uint64 {
	h := uint64(14695981039346656037) // FNV-1a
	for i := range len(server) {
		h = (h ^ uint64(server[i])) * 1099511628211
	}
	h ^= binary.BigEndian.Uint64(client[:8])
	h = mix(h)
	return mix(h ^ binary.BigEndian.Uint64(client[8:]))
}

// mix spreads every bit over the whole word (the finalizer of splitmix64).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// sum is the hash of a text, for tables in memory.
func sum(parts ...string) uint64 {
	h := fnv.New64a()
	for _, p := range parts {
		h.Write([]byte(p))
		h.Write([]byte{0})
	}
	return mix(h.Sum64())
}
