# Values of the wrong type, with the wrong unit, or out of bounds.
io      = "event-per-core"
loops   = "many"
workers = 1.5
threads = 0
server  = "vitrine\r\nX-Evil: yes"

listen ":8080" {
  backlog = -1
  clients {
    allow = "127.0.0.1"
    deny  = ["10.1.2.3/8", "localhost", "300.1.1.1", "all"]
  }
}

limits {
  header_bytes = "32K"
  header_count = [1]
  uri_bytes    = "100B"
  body_bytes   = "big"
  connections  = true
}

timeouts {
  header     = 20
  body       = "60"
  keep_alive = "soon"
  write      = "48h"
  min_rate   = "1.0001KB"
}

log {
  format = combined
  off    = yes
  file   = ""
}

error_log {
  level = "debug"
}

site "example.org" {
  root    = ["public"]
  address = ["198.18.0.1", "::1:80"]
  default = "sometimes"
  files {
    index   = "index.html"
    listing = "on"
    methods = ["get", "PSOT", "NOT A TOKEN"]
  }
  types {
    explicit   = "html"
    default    = "application"
    charset    = "utf 8"
    extensions = { ".md" = "text/markdown", "x/y" = "text/plain", txt = 7 }
  }
}
