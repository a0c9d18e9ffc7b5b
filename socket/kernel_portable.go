//go:build unix && !linux

package socket

// Kernel is the Network of the kernel's sockets. On systems without epoll it is the portable one.
type Kernel = Portable
