# What is left: one mistake of each kind that the other files do not have.
locals "label" {
  inner {
  }
}
include = "sites/*.hcl"
io      = ["events"]
loops   = { a = 1 }
server  = "a\u0000b"

limits "x" {
  ranges = null
  ranges {
  }
}

timeouts {
  write = "a very long text that nobody would write for a duration in seconds"
  drain = true
}

listen ":8080" {
  backlog = "a very long text that nobody would write for a number of connections"
}

site "one.example" {
  root    = ""
  address = ["192.0.2.1:80", "nonsense"]
  listen ":8081" {
    backlog = 1
  }
  listen ":8080" {
  }
  files {
    index = ["a/b", "", ["nested"]]
    index {
    }
    missing "/folder/" {
    }
  }
  log {
    custom = ""
  }
  types {
    extensions = ["md"]
  }
  header {
    set    = { A = "bell\u0007", (1 + 1) = "x", C = ["y"] }
    remove = "X"
  }
  route "*.php" {
    strip_prefix = "/x/*"
    respond {
      body = env.PORT == "8080" ? "{" : "}"
    }
  }
  route "/%zz" {
    strip_prefix = "/x/"
  }
  route "/%2F" {
  }
  route "/a#b" {
  }
  route "/a//b" {
  }
  route "/a\u0007" {
  }
  route "/ok" {
    respond {
      status = 304
      body   = "{path}"
    }
  }
  expect "relative" {
    url  = "foo"
    send = { A = "line\nfeed" }
  }
  expect "fragment" {
    url = "http://one.example/#top"
  }
  expect "broken" {
    url = "http://[::1/"
  }
}

site "two.example" {
  address = ["192.0.2.1:80"]
  root    = "public"
  listen ":8081" {
    backlog = 2
  }
}

site "three.example" {
  address = ["192.0.2.1:80"]
  root    = "public"
  listen ":8081" {
    backlog = 2
    clients {
      deny = ["192.0.2.1"]
    }
  }
}
