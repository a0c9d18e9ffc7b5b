server = "vitrine"

limits {
  ranges = 3
}

listen ":8080" {
}

header {
  set = { X-Frame-Options = "DENY" }
}

site "example.org" "*.example.org" {
  root = "$ROOT"

  header {
    default = { Cache-Control = "no-cache", Content-Type = "text/plain" }
    add     = { X-Client = "{client.address}", X-Nobody = "{request.X-Nobody}" }
  }

  route "/api/*" {
    methods = ["POST"]
    respond {
      status = 202
      body   = "taken {path.tail}"
    }
  }

  route "/old/*" {
    redirect "/docs/{path.tail}" {
      status = 308
    }
  }

  route "/static/*" {
    root         = "$ROOT/docs"
    strip_prefix = "/static"
    header {
      set    = { Cache-Control = "max-age=3600" }
      remove = ["X-Client"]
    }
    files {
      listing = true
      missing "/404.html" {
      }
    }
  }

  route "/broken/*" {
    root         = "$ROOT/docs"
    strip_prefix = "/broken"
    files {
      missing "/absent.html" {
      }
    }
  }
}

site "other.example" {
  default = false
  route "/*" {
    respond {
      body = "other"
    }
  }
}
