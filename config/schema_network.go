package config

// networkBlock is the adapter and the addresses of a server that carries its own connections.
var networkBlock = &blockType{
	name: "network",
	labels: labels{name: "adapter", max: 1, instead: "adapter", check: checkAdapter,
		field: in(func(n *Network) any { return &n.Adapter })},
	doc: "An adapter of its own: with this block the program's own TCP/IP stack carries the server, from the frame on, and the machine's kernel carries none of its connections. " +
		"The adapter is `tap:NAME`, a virtual interface, or `packet:NAME`, a packet socket on an interface that is there. It needs Linux, and privileges that starting says. A change of it needs a restart.",
	example: "network \"tap:tap0\" {\n  address = [\"198.18.0.2/24\", \"fd00:198:18::2/64\"]\n  gateway = [\"198.18.0.1\"]\n}",
	also:    []string{"net", "interface", "adapter", "device", "stack", "nic", "tap"},
	settings: []*setting{
		{name: "adapter", kind: kindText, example: `"tap:${env.TAP}"`, check: checkAdapter,
			doc:   "The adapter, where an expression is needed: the block's own label is plain text.",
			also:  []string{"interface", "device", "dev", "iface"},
			field: in(func(n *Network) any { return &n.Adapter })},
		{name: "address", kind: kindInterfaces, example: `["198.18.0.2/24", "fd00:198:18::2/64"]`,
			doc:   "The server's own addresses, each with the length of the network that is reached without a gateway. They are not the interface's: those belong to the kernel.",
			also:  []string{"addresses", "addr", "inet", "ipv4", "ipv6"},
			field: in(func(n *Network) any { return &n.Address })},
		{name: "gateway", kind: kindAddresses, example: `["198.18.0.1"]`,
			doc:   "The router to all other networks, one for each family at most; without it only neighbors are reached.",
			also:  []string{"gateways", "router", "via", "default_route", "route"},
			field: in(func(n *Network) any { return &n.Gateway })},
		{name: "mtu", kind: kindInt, initial: `0`, min: 0, max: 65535, unit: "bytes", check: checkMTU, example: `9000`,
			doc:   "The longest IP packet, at least 576; 0 is the interface's own.",
			also:  []string{"max_packet"},
			field: in(func(n *Network) any { return &n.MTU })},
		{name: "mac", kind: kindText, initial: `""`, example: `"02:00:c6:12:00:02"`, check: checkMAC,
			doc:   "The server's own hardware address; an empty text lets the adapter choose one that is not the kernel's.",
			also:  []string{"hwaddr", "lladdr", "ether", "mac_address", "hardware_address"},
			field: in(func(n *Network) any { return &n.MAC })},
		{name: "wire", kind: kindBool, initial: `false`,
			doc:   "Whether every frame is as a cable carries it: no offload joins several segments to one or leaves a checksum out. It costs speed, and shows in a capture what really crosses a wire.",
			also:  []string{"no_offload", "offload", "offloads"},
			field: in(func(n *Network) any { return &n.Wire })},
		{name: "promiscuous", kind: kindBool, initial: `false`,
			doc:   "Whether frames for other stations are taken from the wire too. They are seen by vitrine capture, and go no further.",
			also:  []string{"promisc", "all_frames"},
			field: in(func(n *Network) any { return &n.Promiscuous })},
		{name: "moderation", kind: kindDuration, initial: `0`, min: 0, max: 1e9, example: `"50us"`,
			doc:   "The least time between two notices of arrival (interrupts): frames that come meanwhile are handled together, a little later. 0 handles each at once.",
			also:  []string{"rx_usecs", "interrupt_moderation", "coalesce", "interrupt_gap"},
			field: in(func(n *Network) any { return &n.Moderation })},
		{name: "busy_poll", kind: kindDuration, initial: `0`, min: 0, max: 1e9, example: `"100us"`,
			doc:   "How long a loop that has nothing to do looks for frames before it sleeps: less latency for a core that is always busy. 0 sleeps at once.",
			also:  []string{"busypoll", "spin", "poll"},
			field: in(func(n *Network) any { return &n.BusyPoll })},
		{name: "queues", kind: kindInt, initial: `0`, min: 0, max: 256, unit: "queues",
			doc:   "How many receive and transmit rings the adapter has, each with an event loop of its own; 0 is as many as there are loops. A tap interface that is there already must have been made for more than one (multi_queue).",
			also:  []string{"channels", "combined", "rings"},
			field: in(func(n *Network) any { return &n.Queues })},
	},
	blocks: []*blockType{tcpBlock, ipBlock},
	open: func(d *decoder, owner any) any {
		n := &Network{}
		d.allDefaults(d.root.block("network"), n)
		owner.(*Config).Network = n
		return n
	},
	each: func(owner any) []any {
		if n := owner.(*Config).Network; n != nil {
			return []any{n}
		}
		return nil
	},
	done: checkNetwork,
}

var tcpBlock = always(func(n *Network) any { return &n.TCP }, blockType{
	name:    "tcp",
	doc:     "How the own stack's connections behave.",
	example: "tcp {\n  congestion = \"reno\"\n  time_wait  = \"10s\"\n}",
	settings: []*setting{
		{name: "congestion", kind: kindChoice, initial: `"cubic"`, choices: []string{"cubic", "reno"},
			doc:   "How the sending rate follows what the path can carry: CUBIC (RFC 9438) or Reno (RFC 5681).",
			also:  []string{"congestion_control", "congctl", "tcp_congestion_control", "cc", "algorithm"},
			field: in(func(t *TCP) any { return &t.Congestion })},
		{name: "initial_window", kind: kindInt, initial: `10`, min: 1, max: 100, unit: "segments",
			doc:   "What a new connection may send before the first acknowledgement (RFC 6928).",
			also:  []string{"initcwnd", "iw"},
			field: in(func(t *TCP) any { return &t.InitialWindow })},
		{name: "receive_buffer", kind: kindSize, initial: `"6MiB"`, min: 4 << 10, max: 1 << 30,
			doc:   "How far the receive window of one connection grows, when its reader keeps up.",
			also:  []string{"rcvbuf", "so_rcvbuf", "tcp_rmem", "rmem_max", "receive_window"},
			field: in(func(t *TCP) any { return &t.ReceiveBuffer })},
		{name: "send_buffer", kind: kindSize, initial: `"4MiB"`, min: 4 << 10, max: 1 << 30,
			doc:   "How much of one connection's data waits to be sent or acknowledged, at most.",
			also:  []string{"sndbuf", "so_sndbuf", "tcp_wmem", "wmem_max"},
			field: in(func(t *TCP) any { return &t.SendBuffer })},
		{name: "buffers", kind: kindSize, initial: `"256MiB"`, min: 1 << 20, max: 1 << 42,
			doc:   "What all connections together may hold that was received and not read, and as much again that was written and not acknowledged; when it is used up, windows close and out-of-order data is dropped.",
			also:  []string{"tcp_mem", "memory"},
			field: in(func(t *TCP) any { return &t.Buffers })},
		{name: "time_wait", kind: kindDuration, initial: `"60s"`, min: 1e6, max: 600e9,
			doc:   "How long a connection that was closed here first is remembered, so that late segments reach no new one (2MSL). RFC 9293 says 4 minutes; Linux has 60 seconds.",
			also:  []string{"msl", "timewait", "tw_timeout"},
			field: in(func(t *TCP) any { return &t.TimeWait })},
		{name: "time_waits", kind: kindInt, initial: `131072`, min: 1, max: 1 << 24, unit: "connections",
			doc:   "How many such connections are remembered at once; beyond it the oldest is forgotten early.",
			also:  []string{"tcp_max_tw_buckets", "max_time_wait"},
			field: in(func(t *TCP) any { return &t.TimeWaits })},
		{name: "half_open", kind: kindInt, initial: `4096`, min: 1, max: 1 << 20, unit: "connections",
			doc:   "How many connections may be in their handshake at once; beyond it the answers are SYN cookies, which keep nothing in memory (RFC 4987).",
			also:  []string{"tcp_max_syn_backlog", "syn_backlog", "syn_queue", "embryonic"},
			field: in(func(t *TCP) any { return &t.HalfOpen })},
	},
})

var ipBlock = always(func(n *Network) any { return &n.IP }, blockType{
	name:    "ip",
	doc:     "Bounds of the own stack below its connections.",
	example: "ip {\n  icmp_rate = 100\n}",
	settings: []*setting{
		{name: "reassembly_bytes", kind: kindSize, initial: `"4MiB"`, min: 64 << 10, max: 1 << 30,
			doc:   "Fragments that wait for the others of their packet, all together.",
			also:  []string{"ipfrag_high_thresh", "fragments", "reassembly"},
			field: in(func(i *IP) any { return &i.ReassemblyBytes })},
		{name: "neighbors", kind: kindInt, initial: `4096`, min: 1, max: 1 << 20, unit: "neighbors",
			doc:   "Stations whose hardware address is remembered; beyond it the one that was used longest ago is forgotten.",
			also:  []string{"neighbours", "gc_thresh3", "arp_table", "arp", "neighbor_table"},
			field: in(func(i *IP) any { return &i.Neighbors })},
		{name: "icmp_rate", kind: kindInt, initial: `1000`, min: 1, max: 1_000_000, unit: "messages a second",
			doc:   "How many ICMP errors are sent at most (RFC 1812 §4.3.2.8). Echo replies do not count.",
			also:  []string{"icmp_msgs_per_sec", "icmp_ratelimit", "icmp"},
			field: in(func(i *IP) any { return &i.ICMPRate })},
	},
})

// controlBlock is how other commands talk to the running server.
var controlBlock = always(func(c *Config) any { return &c.Control }, blockType{
	name: "control",
	doc:  "The socket by which vitrine journeys, sockets, capture and counters ask a running server. Only its own user, and root, may use it.",
	also: []string{"ctl", "control_socket", "socket", "admin_socket"},
	settings: []*setting{
		{name: "off", kind: kindBool, initial: `false`,
			doc:   "Whether there is none.",
			also:  []string{"disabled"},
			field: in(func(c *Control) any { return &c.Off })},
		{name: "socket", kind: kindSocket, initial: `""`, example: `"/run/vitrine/control.sock"`,
			doc:   "Its path, relative to the file that says it. An empty text is a file named after the process in the folder vitrine under $XDG_RUNTIME_DIR, for root in /run/vitrine, else in a folder of the user's for temporary files.",
			also:  []string{"path", "file", "unix", "address", "listen"},
			field: in(func(c *Control) any { return &c.Socket })},
	},
})
