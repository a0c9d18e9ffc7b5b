# Routes: patterns, answers, templates.
listen ":8080" {
}
site "example.org" {
  route "old/*" {
    redirect "/new/{path.tial}" {
    }
  }
  route "^/x$" {
    redirect "new.example.org/x" {
      status = 200
    }
  }
  route "/a/../b" {
    respond {
      status = 204
      body   = "nothing"
    }
  }
  route "/a//b?c" {
    redirect "" {
    }
  }
  route "/users/{id}" {
    respond {
      type = "html"
      body = "{\"id\": 1}\n{status}"
    }
    redirect "/x y" {
    }
  }
  route "/***" "/b" {
    root = "public"
    respond {
    }
  }
  route {
    redirect {
    }
  }
  route "/port" {
    redirect "localhost:3000/x" {
    }
  }
  route "/none" {
  }
  route "/strip/*" {
    root         = "public"
    strip_prefix = "/stirp"
  }
  route "/static/*" {
    root         = "public"
    strip_prefix = "static/"
  }
  route "/both" {
    redirect "/a" {
      to     = "/b"
      status = 308
    }
    files {
      listing = true
    }
  }
}
