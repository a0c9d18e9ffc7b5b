# What only the whole block, and what is around it, can show.
network "tap:tap0" {
  address = ["198.18.0.2/24", "198.18.0.3/24", "198.18.0.2/24", "198.18.0.9/16", "fd00:198:18::2/64"]
  gateway = ["198.19.0.1", "198.18.0.2", "fe80::1"]
  mtu     = 1279
}

listen "127.0.0.1:80" "[fe80::2]:80" "[fd00:198:18::2]:80" "198.18.0.3:81" ":82" {
}

site "a.example" {
  root = "public"
  listen "192.0.2.1:80" {
  }
}
