# The configuration of the example site. It shows what there is, a little of each; most servers need five lines of it.
#
#   make run                                                          serves it
#   vitrine check   --config examples/vitrine.hcl                     checks it and asks the expect blocks below
#   vitrine explain --config examples/vitrine.hcl http://localhost:8080/old/explain/
#   vitrine show    --config examples/vitrine.hcl                     shows every value that is in force, with its place

# Names for what is used more than once. env reads the environment; the second text is taken when it is not set.
locals {
  port  = env("VITRINE_PORT", "8080")
  files = "site" # relative to this file
}

# How it waits for its clients: single, threads, pool, events or events-per-core.
io = env("VITRINE_IO", "events-per-core")

# All addresses of this machine, but only for clients on this machine: decided before a byte is read. On a TCP/IP stack of
# its own (--net, or a network block: docs/own-stack.md) nobody has these addresses: allow the network's then.
listen {
  addresses = [":${local.port}"]

  clients {
    allow = ["127.0.0.0/8", "::1"]
  }
}

# The page about what happens here, for this machine's browsers: http://localhost:9180/. Every request is recorded, in memory.
admin {
  address = "localhost:${env("VITRINE_ADMIN_PORT", "9180")}"
}

# A line for each request. "combined" is what other servers write; "json" is for programs.
log {
  format = env("VITRINE_LOG", "readable")
}

timeouts {
  keep_alive = "75s"
  drain      = "10s" # after SIGTERM, for requests that were received
}

# What holds for every site, unless a site or a route says otherwise.
header {
  set = {
    X-Content-Type-Options = "nosniff"
    Referrer-Policy        = "same-origin"
  }
  default = {
    Cache-Control = "no-cache" # ask each time whether it has changed; it costs a 304
  }
}

# Pages, style sheets and the like, encoded for clients that accept it: zstd, brotli or gzip. Without this block nothing is.
compress {
}

site "localhost" "127.0.0.1" "[::1]" {
  root = local.files

  files {
    index = ["index.html"]
    missing "/404.html" {
    }
  }

  # Pages for other errors. A page for one status comes before one for its class.
  errors {
    page "4xx" {
      body = "<!DOCTYPE html><title>{status}</title><p>This did not work ({status}). If you ask us why, name {journey}."
      type = "text/html; charset=utf-8"
    }
  }

  # Routes are tried in this order, and the first that matches answers.

  route "/hello" {
    respond {
      body = "Hello {query.name}. You are {client.address}, and this was journey {journey}.\n"
    }
    header {
      set = { Vitrine-Journey = "{journey}", Server-Timing = "{timing}" } # for the client's developer tools
    }
  }

  route "/health" {
    respond {
      body = "fine\n"
    }
    log {
      off = true # asked for every second by somebody who is not interested in the answer
    }
  }

  # {path.tail} is what the * has matched.
  route "/old/*" {
    redirect "/{path.tail}" {
      status = 308 # for good, and a POST stays a POST
    }
  }

  # A folder without an index, listed: in HTML, or in JSON for a client that asks for it.
  route "/pictures/*" {
    files {
      listing = true
      list {
        descriptions = { "logo.svg" = "the sign", "*.svg" = "a drawing" }
      }
    }
    header {
      set = { Cache-Control = "max-age=3600" }
    }
  }

  # A client that asks too often gets 429, and one from elsewhere 403.
  route "/scarce" {
    access {
      allow = ["127.0.0.0/8", "::1"]
    }
    rate {
      requests = "1/s"
      burst    = 5
    }
    respond {
      body = "Ask me six times within a second.\n"
    }
  }

  # What must stay true. The check command asks all of these without opening a socket.

  expect "the front page" {
    url    = "/"
    status = 200
    file   = "index.html"
    type   = "text/html; charset=utf-8"
    body   = "A web server that shows what it does"
    fields = { Cache-Control = "no-cache", X-Content-Type-Options = "nosniff" }
  }

  expect "a picture, which may be kept for an hour" {
    url    = "/pictures/logo.svg"
    status = 200
    route  = "/pictures/*"
    type   = "image/svg+xml"
    fields = { Cache-Control = "max-age=3600" }
  }

  expect "a part of a picture" {
    url    = "/pictures/logo.svg"
    send   = { Range = "bytes=0-3" }
    status = 206
    body   = "<svg"
  }

  expect "the pictures are listed, each with its description" {
    url    = "/pictures/"
    status = 200
    body   = "a drawing"
  }

  expect "the style sheet is encoded for who accepts it" {
    url    = "/style.css"
    send   = { Accept-Encoding = "gzip" }
    status = 200
    fields = { Content-Encoding = "gzip", Vary = "Accept-Encoding" }
  }

  expect "a failure has a page of ours, and still says what may be asked" {
    url    = "/style.css"
    method = "DELETE"
    status = 405
    type   = "text/html; charset=utf-8"
    body   = "This did not work (405)."
    fields = { Allow = "GET, HEAD, OPTIONS" }
  }

  expect "what is scarce is counted" {
    url     = "/scarce"
    from    = "127.8.8.8"
    status  = 200
    reasons = ["access.rate-allowed"]
  }

  expect "old links still lead somewhere" {
    url      = "/old/explain/"
    status   = 308
    location = "/explain/"
  }

  expect "a folder gets its slash" {
    url      = "/architectures"
    location = "architectures/" # relative, so that it is right behind any proxy
    reasons  = ["site.slash-missing"]
  }

  expect "what is missing has a page, and the right status" {
    url     = "/nothing-here"
    status  = 404
    file    = "404.html"
    reasons = ["resource.missing"]
  }

  expect "nobody leaves the root" {
    url     = "/%2e%2e/vitrine.hcl"
    status  = 400
    reasons = ["http1.target.above-root"]
  }
}

# Every other name below localhost. Browsers know that all of them are this machine.
site "*.localhost" {
  route "/*" {
    respond {
      type = "text/html; charset=utf-8"
      body = <<-PAGE
        <!DOCTYPE html>
        <title>{host}</title>
        <style>html {{ color-scheme: light dark; font: 1.2rem/1.6 system-ui; display: grid; place-content: center; min-height: 90vh }}</style>
        <p>You asked for <b>{host}</b>, and the site <code>*.localhost</code> answers.</p>
      PAGE
    }
  }

  expect "any name will do" {
    url    = "http://cat.localhost/"
    status = 200
    body   = "<b>cat.localhost</b>"
  }
}

# A host that no site claims is refused, not guessed.
expect "an unknown host" {
  url     = "http://example.org/"
  status  = 421
  reasons = ["site.unknown-host"]
}

expect "a stranger is not even read" {
  url     = "http://localhost/"
  from    = "203.0.113.9"
  reasons = ["accept.denied"]
}
