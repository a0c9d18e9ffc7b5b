listen ":8080" {
  proxies {
    trusted = []
    field   = "X-Real-IP"
  }
}
proxies {
  trusted = ["0.0.0.0/0"]
  hops    = 0
}
site "example.org" {
  access {
    allow   = ["192.0.2.0/24", "localhost"]
    deny    = ["192.0.2.0/24", "198.51.100.7"]
    hosts   = ["*.example.org", "192.0.2.1", "a b"]
    users   = ["anna", "valid-user", "a:b"]
    groups  = ["staff"]
    satisfy = "some"
    certificate = "required"
    auth "Basic" {
      file = "nothing-is-here"
    }
    auth "digest" {
      realm      = "a:b"
      algorithms = ["SHA256"]
      plain_text = true
    }
    auth "basic" {
      file = "access.hcl"
    }
    auth "basic" {
      file = "access.hcl"
    }
  }
  rate {
    requests = "10 per second"
    by       = "clients"
    delay    = true
  }
  route "/a" {
    access {
      users = ["anna"]
    }
    respond {}
  }
}
