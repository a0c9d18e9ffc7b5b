package bsd

// Domains, types and protocols of sockets. All numbers are Linux's.
const (
	AF_INET  = 2
	AF_INET6 = 10

	SOCK_STREAM   = 1
	SOCK_DGRAM    = 2
	SOCK_NONBLOCK = 0x800 // with the type, or a flag of Accept4

	IPPROTO_TCP  = 6
	IPPROTO_UDP  = 17
	IPPROTO_IPV6 = 41
)

// What Shutdown ends.
const (
	SHUT_RD   = 0
	SHUT_WR   = 1
	SHUT_RDWR = 2
)

// Flags of Recv, RecvFrom, Send and SendTo. MSG_NOSIGNAL is accepted and has no meaning: there are no signals.
const (
	MSG_PEEK     = 0x2    // the bytes stay where they are
	MSG_TRUNC    = 0x20   // a datagram's whole length is returned
	MSG_DONTWAIT = 0x40   // this call does not block
	MSG_WAITALL  = 0x100  // the buffer is to be filled
	MSG_NOSIGNAL = 0x4000 // no signal
	MSG_MORE     = 0x8000 // further bytes follow at once
)

// Options of the level SOL_SOCKET.
const (
	SOL_SOCKET = 1

	SO_REUSEADDR  = 2
	SO_TYPE       = 3
	SO_ERROR      = 4
	SO_BROADCAST  = 6
	SO_SNDBUF     = 7
	SO_RCVBUF     = 8
	SO_KEEPALIVE  = 9
	SO_LINGER     = 13
	SO_REUSEPORT  = 15
	SO_RCVTIMEO   = 20
	SO_SNDTIMEO   = 21
	SO_ACCEPTCONN = 30
	SO_PROTOCOL   = 38
	SO_DOMAIN     = 39
)

// Options of the level IPPROTO_TCP.
const (
	TCP_NODELAY      = 1
	TCP_MAXSEG       = 2
	TCP_CORK         = 3
	TCP_KEEPIDLE     = 4
	TCP_KEEPINTVL    = 5
	TCP_KEEPCNT      = 6
	TCP_INFO         = 11
	TCP_CONGESTION   = 13
	TCP_USER_TIMEOUT = 18
)

// IPV6_V6ONLY of the level IPPROTO_IPV6 keeps IPv4 away from a socket on the IPv6 unspecified address.
const IPV6_V6ONLY = 26

// Conditions that Poll waits for and finds.
const (
	POLLIN    = 0x1
	POLLOUT   = 0x4
	POLLERR   = 0x8
	POLLHUP   = 0x10
	POLLNVAL  = 0x20
	POLLRDHUP = 0x2000
)
