# What can be wrong with the page about the server, and with what is recorded.
listen "127.0.0.1:8080" {
}

admin "0.0.0.0:8080" "localhost:9181" {
  token       = "tooshort"
  tokenfile   = "admin/open.token"
  certificate = "admin/open.tokn"
  hosts       = ["*", "https://glass.example.org/", "glass.example.org:9180", "glass.example.org"]
  tls         = true
}
admin "localhost:9182" {
}

journeys {
  recrod      = "all"
  record      = "failure"
  sample      = 0
  max         = 10
  slow        = 250
  memory      = "1KiB"
  frame_bytes = "1MiB"
  show        = ["Cookie:"]
  when {
    path     = ["/api/*"]
    paths    = ["api", "/api?x=1"]
    methods  = ["get"]
    statuses = [404, "6xx", "4", "5XX"]
    clients  = ["192.0.2.1/24"]
    hosts    = ["example.org/x", "*.example.org"]
    reasons  = ["file.snt", "file", "file.", "route.matched"]
  }
  otlp "localhost:4318" {
    headers = { Authorization = "Bearer this-is-a-secret\n", "X Y" = "z" }
    queue   = 0
  }
  otlp "http://localhost:4317" {
    endpoint = "grpc://localhost"
    service  = ""
  }
}

control {
  admin = true
}

site "a.example" {
  root = "public"
}
