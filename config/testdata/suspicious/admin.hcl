# Legal, and probably not what was meant.
listen ":8080" {
}

admin {
  token_file = "../admin/open.token"
}

journeys {
  record = "failures"
  sample = 10
  most   = 5
  when {
    sites = ["a.example", "a.exmaple"]
  }
  otlp "http://collector.example:4318" {
    headers = { Authorization = "Bearer secret" }
  }
}

site "a.example" {
  root = "../public"
}
