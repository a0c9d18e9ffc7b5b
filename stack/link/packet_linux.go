package link

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// OpenPacket opens packet sockets on the Ethernet interface of this name: one end of a veth pair, or a real card. The
// kernel must have no IP address on the interface when ours is its MAC address, or it would answer our peers beside us, with
// resets; whatever address it has elsewhere does not matter.
func OpenPacket(name string, o PacketOptions) (Adapter, error) {
	a, err := openPacket(name, o)
	if err != nil {
		return nil, fmt.Errorf("packet socket on %s: %w", name, err)
	}
	return a, nil
}

type packet struct {
	info   Info
	net    *network
	queues []*packetQueue
}

func openPacket(name string, o PacketOptions) (_ *packet, err error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	p := &packet{info: Info{Name: name, Kind: "packet", MAC: o.MAC, Queues: max(o.Queues, 1)}}
	defer func() {
		if err != nil {
			p.Close()
		}
	}()
	if p.net, err = openNetwork(); err != nil {
		return nil, err
	}
	s, err := p.net.status(name)
	switch {
	case errors.Is(err, unix.ENODEV):
		return nil, errors.New("there is no such interface (`ip link` lists them)")
	case err != nil:
		return nil, err
	case s.mac == (MAC{}):
		return nil, errors.New("the interface is no Ethernet interface")
	case o.MAC.IsMulticast():
		return nil, fmt.Errorf("the address %s is a group's", o.MAC)
	}
	if o.MAC == (MAC{}) {
		p.info.MAC = s.mac
	}
	p.info.MTU = s.mtu
	if !o.Wire {
		p.info.Offloads = Offloads{TxChecksum: true, TSO4: true, TSO6: true, MaxSegment: maxSuper}
	}
	p.info.Offloads.RxChecksum = true
	group := 0
	for i := range p.info.Queues {
		q, err := openPacketQueue(o)
		if err != nil {
			return nil, err
		}
		p.queues = append(p.queues, q)
		if err := q.bind(s.index, p.info.MAC != s.mac); err != nil {
			return nil, err
		}
		if p.info.Queues > 1 {
			if group, err = q.join(group, i == 0); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

func (p *packet) Info() Info        { return p.info }
func (p *packet) Queue(i int) Queue { return p.queues[i] }

func (p *packet) Close() error {
	for _, q := range p.queues {
		q.close()
	}
	p.queues = nil
	if p.net != nil {
		p.net.close()
		p.net = nil
	}
	return nil
}

// Sizes of the receive ring. A frame of the ring holds a super-segment with everything before it. Fifteen of them make a
// block of 1020 KiB, for which the kernel takes 1 MiB: with one a block, half of the memory would be lost to rounding.
// Where pages are larger than 4 KiB, sixteen are whole pages.
const (
	ringFrame      = 17 << 12
	ringPerBlock   = 15
	ringDefault    = 16 * ringPerBlock
	sendBufferSize = 4 << 20 // bytes on their way in the kernel before Reserve says that the ring is full
)

func openPacketQueue(o PacketOptions) (_ *packetQueue, err error) {
	// Without a protocol nothing arrives before the socket is bound to its interface.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if errors.Is(err, unix.EPERM) {
		return nil, fmt.Errorf("%w: this needs CAP_NET_RAW: run as root, or give the program the capability with `setcap cap_net_raw+ep`", unix.EPERM)
	}
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	q := newPacketQueue(fd)
	defer func() {
		if err != nil {
			q.close()
		}
	}()
	set := func(what string, level, opt, value int) {
		if err == nil {
			err = os.NewSyscallError(what, unix.SetsockoptInt(fd, level, opt, value))
		}
	}
	set("PACKET_VERSION", unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2)
	set("PACKET_VNET_HDR", unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1)
	if err != nil {
		return nil, err
	}
	// What these ask for is done without them too: frames of our own are recognised, queueing only costs time, and a
	// smaller buffer is full sooner.
	unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1)
	q.bypass = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1) == nil
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBufferSize) != nil {
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBufferSize)
	}
	if o.Ring <= 0 {
		o.Ring = ringDefault
	}
	perBlock := ringPerBlock
	if os.Getpagesize() > 4096 {
		perBlock++
	}
	blocks := (o.Ring + perBlock - 1) / perBlock
	q.slots = blocks * perBlock
	req := unix.TpacketReq{Block_size: uint32(perBlock * ringFrame), Block_nr: uint32(blocks), Frame_size: ringFrame, Frame_nr: uint32(q.slots)}
	if err = unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return nil, fmt.Errorf("a receive ring of %d MiB: %w", blocks, err)
	}
	if q.ring, err = unix.Mmap(fd, 0, q.slots*ringFrame, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return q, nil
}

// bind lets frames come: all EtherTypes, for all groups (the Card knows which were joined), and for other stations when
// our address is not the interface's.
func (q *packetQueue) bind(index int, promiscuous bool) error {
	mode := uint16(unix.PACKET_MR_ALLMULTI)
	if promiscuous {
		mode = unix.PACKET_MR_PROMISC
	}
	mreq := unix.PacketMreq{Ifindex: int32(index), Type: mode}
	if err := unix.SetsockoptPacketMreq(q.fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &mreq); err != nil {
		return os.NewSyscallError("PACKET_ADD_MEMBERSHIP", err)
	}
	all := binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})
	return os.NewSyscallError("bind", unix.Bind(q.fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: index}))
}

// join spreads flows over the sockets of one group by their hash, the same for both directions. The first socket lets the
// kernel choose a group that nobody else has.
func (q *packetQueue) join(group int, first bool) (int, error) {
	value := group | unix.PACKET_FANOUT_HASH<<16
	if first {
		value = (unix.PACKET_FANOUT_HASH | unix.PACKET_FANOUT_FLAG_UNIQUEID) << 16
	}
	if err := unix.SetsockoptInt(q.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, value); err != nil {
		return 0, os.NewSyscallError("PACKET_FANOUT", err)
	}
	if !first {
		return group, nil
	}
	value, err := unix.GetsockoptInt(q.fd, unix.SOL_PACKET, unix.PACKET_FANOUT)
	return value & 0xffff, os.NewSyscallError("PACKET_FANOUT", err)
}
