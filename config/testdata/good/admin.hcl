# The page about the server, and what is recorded, with everything said.
listen ":8080" {
}

locals {
  collector = "Bearer ${env.COLLECTOR}"
}

admin {
  address = "localhost:${env.PORT + 1100}"
  token   = env.GLASS
  hosts   = ["Glass.Example.ORG.", "192.0.2.7"]
}

journeys {
  record      = "failures"
  slow        = "250ms"
  memory      = "64MiB"
  kept        = "16MiB"
  head_bytes  = "8KiB"
  frames      = 0
  frame_bytes = 256
  frames_most = 0
  show        = ["Cookie"]
  hide        = ["X-Api-Key"]
  when {
    sites    = ["www.a.example"]
    hosts    = ["a.example"]
    paths    = ["/api/*"]
    methods  = ["GET", "POST"]
    statuses = [404, "5xx"]
    clients  = ["192.0.2.0/24", "::1"]
    reasons  = ["file.", "route.matched"]
  }
  otlp "https://collector.example:4318/v1/traces" {
    headers  = { Authorization = local.collector, X-Tenant = "secret" }
    service  = "shop"
    interval = "1s"
    timeout  = "3s"
    queue    = 100
  }
}

site "a.example" "www.a.example" {
  root = "../public"
}
