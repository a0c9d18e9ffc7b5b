# A network of one's own, with everything that can be said about it.
io = "events-per-core"

network "tap:tap0" {
  address     = ["198.18.0.2/24", "198.18.0.3/24", "fd00:198:18::2/64"]
  gateway     = ["198.18.0.1", "fe80::1"]
  mtu         = 9000
  mac         = "02:00:C6:12:00:02"
  wire        = true
  promiscuous = true
  moderation  = "50us"
  busy_poll   = "20us"
  queues      = 2

  tcp {
    congestion     = "reno"
    initial_window = 4
    receive_buffer = "1MiB"
    send_buffer    = "512KiB"
    buffers        = "32MiB"
    time_wait      = "10s"
    time_waits     = 100
    half_open      = 16
  }

  ip {
    reassembly_bytes = "1MiB"
    neighbors        = 64
    icmp_rate        = 10
  }
}

listen ":80" "198.18.0.3:81" "[fd00:198:18::2]:82" {
}

control {
  socket = "/run/test/control.sock"
}

site "a.example" {
  root = "../public"
}
