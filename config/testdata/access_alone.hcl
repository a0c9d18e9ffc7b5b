listen "0.0.0.0:8080" {
}
site "example.org" {
  route "/users" {
    access {
      users = ["anna"]
    }
    respond {}
  }
  route "/groups" {
    access {
      groups  = ["staff"]
      satisfy = "any"
      auth "basic" {
        file = "access_alone.hcl"
      }
    }
    respond {}
  }
  route "/nothing" {
    access {
      failures = 5
    }
    rate {
      burst = 5
    }
    respond {}
  }
  route "/twice" {
    access {
      allow = ["192.0.2.0/24"]
      deny  = ["192.0.2.0/24", "198.51.100.7"]
    }
    rate {
      requests = "0/s"
    }
    respond {}
  }
}
