# State in URLs, and other servers.
listen ":8080" {
}
augment "vi sit" {
}
site "a.example.org" {
  root = "."
  augment "visit" {
    value = "none"
    valid = "[0-9a-f]{16}"
  }
  balance {
    below = 2000
  }
}
site "b.example.org" {
  root = "."
  balance {
    measure = "connection"
    status  = 200
    mark    = "a&b"
    server "b.example.org" {
      here = true
    }
    server "http://user:secret@c.example.org" {
    }
    server "http://d.example.org/?q" {
      networks = ["192.0.2.0/24"]
    }
    check "health" {
      interval = "1ms"
    }
  }
  nearer {
    server "http://a.example.org" {
      networks = ["192.0.2.0/24"]
    }
    server "http://a.example.org/" {
      networks = ["192.0.2.0/24"]
    }
  }
}
site "c.example.org" {
  root = "."
  nearer {
    server "http://a.example.org" {
      here = true
    }
    server "http://b.example.org" {
      here = true
    }
  }
  route "/x" {
    nearer {
    }
    augment "sid" {
      valid = "("
    }
    respond {
    }
  }
}
