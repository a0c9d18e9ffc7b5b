package socket

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

var _ Informer = (*kernelEndpoint)(nil)

// Info reads TCP_INFO. What an older kernel does not tell is zero.
func (e *kernelEndpoint) Info(into *Info) bool {
	*into = Info{}
	if e.fd < 0 {
		return false
	}
	var t unix.TCPInfo
	size := uint32(unsafe.Sizeof(t))
	if _, _, errno := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(e.fd), unix.IPPROTO_TCP, unix.TCP_INFO,
		uintptr(unsafe.Pointer(&t)), uintptr(unsafe.Pointer(&size)), 0); errno != 0 {
		return false
	}
	decode(&t, into)
	var name [16]byte // TCP_CA_NAME_MAX
	size = uint32(len(name))
	if _, _, errno := syscall.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(e.fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION,
		uintptr(unsafe.Pointer(&name)), uintptr(unsafe.Pointer(&size)), 0); errno == 0 {
		into.Congestion = algorithm(name[:min(int(size), len(name))])
	}
	return true
}

// kernelStates are the states by the kernel's number (enum in include/net/tcp_states.h), named as RFC 9293 §3.3.2 does.
var kernelStates = [...]string{"", "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2", "TIME-WAIT", "CLOSED",
	"CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING", "SYN-RECEIVED"}

// kernelPhases are the sender's states by the kernel's number (enum tcp_ca_state).
var kernelPhases = [...]string{"open", "disorder", "cwr", "recovery", "loss"}

func decode(t *unix.TCPInfo, into *Info) {
	if int(t.State) < len(kernelStates) {
		into.State = kernelStates[t.State]
	}
	if int(t.Ca_state) < len(kernelPhases) {
		into.Phase = kernelPhases[t.Ca_state]
	}
	micro := func(n uint32) time.Duration { return time.Duration(n) * time.Microsecond }
	into.RTT, into.RTTVar, into.RTO = micro(t.Rtt), micro(t.Rttvar), micro(t.Rto)
	if t.Min_rtt != 1<<32-1 { // nothing was measured yet
		into.MinRTT = micro(t.Min_rtt)
	}
	mss := int(t.Snd_mss)
	into.MSS, into.Window = mss, int(t.Snd_cwnd)*mss
	if t.Snd_ssthresh < unlimited {
		into.Threshold = int(t.Snd_ssthresh) * mss
	}
	into.SendWindow, into.RecvWindow, into.NotSent = int(t.Snd_wnd), int(t.Rcv_wnd), int(t.Notsent_bytes)
	into.Acked, into.Received = t.Bytes_acked, t.Bytes_received
	into.SegmentsOut, into.SegmentsIn = uint64(t.Segs_out), uint64(t.Segs_in)
	into.Retransmits, into.Retransmitted, into.Lost = uint64(t.Total_retrans), t.Bytes_retrans, int(t.Lost)
	switch {
	case t.Unacked == 0: // segments
	case t.Bytes_sent > t.Bytes_retrans+t.Bytes_acked:
		into.InFlight = int(t.Bytes_sent - t.Bytes_retrans - t.Bytes_acked)
	default:
		into.InFlight = int(t.Unacked) * mss
	}
}

// algorithm is a congestion control's name without an allocation; one that is not known here has none.
func algorithm(name []byte) string {
	for i, c := range name {
		if c == 0 {
			name = name[:i]
			break
		}
	}
	switch string(name) {
	case "cubic":
		return "cubic"
	case "reno":
		return "reno"
	case "bbr":
		return "bbr"
	case "dctcp":
		return "dctcp"
	case "vegas":
		return "vegas"
	case "westwood":
		return "westwood"
	case "htcp":
		return "htcp"
	}
	return ""
}
