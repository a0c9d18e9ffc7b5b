# Everything the language can say, once.
io      = "pool"
loops   = 2
workers = 8
threads = 100
server  = ""
include = ["sites/*.hcl"]

locals {
  data   = "../public"
  policy = "default-src 'self'; report-uri /csp/{journey}"
  hosts  = ["a.example", "*.b.example"]
}

listen "127.0.0.1:8080" "[::1]:8080" {
  backlog = 128
  clients {
    allow = ["127.0.0.0/8", "::1"]
    deny  = ["127.0.0.66"]
  }
}

listen {
  addresses = [":${env.PORT + 1}"]
}

limits {
  header_bytes            = "16KiB"
  header_count            = 50
  uri_bytes               = 4096
  body_bytes              = "1.5MB"
  connections             = 500
  connections_per_client  = 20
  requests_per_connection = 1000
  ranges                  = 4
  output_bytes            = "64KiB"
  input_bytes             = "32 KiB"
  handlers                = 16
}

timeouts {
  header     = "5s"
  body       = "1m30s"
  keep_alive = 0
  write      = "90s"
  linger     = "500ms"
  drain      = "1h"
  idle       = "10ms"
  min_rate   = 0
}

memory {
  files_bytes = "1GiB"
  file_bytes  = "1MiB"
  descriptors = 10
  fresh       = "2s"
}

log {
  format = "json"
  buffer = 0
  flush  = "2s"
  rotate {
    size = "100MiB"
    age  = "7d"
    keep = 3
  }
}

error_log {
  file  = "stdout"
  level = "warn"
  rotate {
    age = "1d"
  }
}

header {
  set = {
    X-Frame-Options         = "DENY"
    Content-Security-Policy = local.policy
  }
  default = { Cache-Control = "no-cache" }
}

files {
  hidden = true
}

types {
  charset    = ""
  extensions = { md = "text/markdown", "tar.zst" = "application/zstd" }
}

site "Example.ORG" "*.bücher.example" {
  hosts        = local.hosts
  address      = ["198.18.0.1:80", "[::1]:0"]
  default      = true
  root         = local.data
  strip_prefix = "/www"
  body_bytes   = 0

  files {
    index   = ["index.html", "index.htm"]
    listing = env.LISTING
    methods = ["GET", "HEAD", "OPTIONS"]
    missing "/404.html" {
    }
  }

  header {
    remove = ["X-Frame-Options"]
    set    = { X-Frame-Options = "SAMEORIGIN" }
    add    = { Link = "</style.css>; rel=preload" }
  }

  types {
    extensions = { txt = "text/x-plain" }
    default    = ""
  }

  log {
    custom = "{client.address} \"{method} {uri}\" {status} {{literal}}"
  }

  route "/old/*" {
    methods = ["GET", "HEAD"]
    redirect "/new/{path.tail}?{query}" {
      status = 308
    }
  }

  route "/elsewhere" {
    redirect {
      to = "${local.base}{uri}"
    }
  }

  route "/hello" {
    respond {
      status = 201
      type   = "application/json"
      body   = <<-EOT
        {{"journey": "{journey}"}}
      EOT
    }
    log {
      off = true
    }
  }

  route "/app/**" {
    root         = "../public"
    strip_prefix = "/app"
    files {
      missing "/index.html" {
        status = 200
      }
    }
    types {
      explicit = "text/html"
    }
    header {
      set = { X-App = "1" }
    }
  }

  expect "home" {
    url    = "/"
    site   = "a.example"
    send   = { Accept = "text/html" }
    status = 200
    file   = "index.html"
    type   = "text/html"
    fields = { X-Frame-Options = "SAMEORIGIN", Server = "" }
    body   = "hello"
  }
}

locals {
  base = "http://${env("BASE", "elsewhere.example")}"
}

expect "old" {
  method   = "HEAD"
  url      = "http://example.org/old/x"
  from     = "192.0.2.1"
  route    = "/old/*"
  location = "/new/x?"
  reasons  = ["route.matched"]
}
