# What can be wrong with a network of one's own.
network "tup:tap0" {
  adress  = ["198.18.0.2/24"]
  address = [
    "198.18.0.0/24", "198.18.0.255/24", "198.18.0.2", "198.18.0.2/33", "198.18.0.2/255.255.255.0", "::ffff:198.18.0.2/120",
    "fd00:198:18::/64", "fe80::1%eth0/64", "127.0.0.1/8", "239.1.2.3/24", "0.0.0.0/0", "240.0.0.1/8", "tap0/24",
  ]
  gateway    = ["198.18.0.1/24", "ff02::2", "router"]
  mtu        = 500
  mac        = "01:00:5e:00:00:01"
  wire       = "sometimes"
  moderation = 50
  busypoll   = "100us"
  queues     = 1000
  tcp {
    congestion     = "cubc"
    initcwnd       = 10
    receive_buffer = "1GB"
    half_open      = 0
  }
  ip {
    neighbours = 10
  }
  limits {
  }
}
network "packet:veth1" {
}

listen "127.0.0.1:80" "0.0.0.0:80" {
}

control {
  socket = "/run/a/path/that/is/much/longer/than/the/system/lets/the/path/of/a/unix/socket/be/which/is/one/hundred/and/seven.sock"
}

site "a.example" {
  root = "public"
}
