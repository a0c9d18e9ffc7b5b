# Expectations that cannot come true.
listen ":8080" {
}
site "example.org" "www.example.org" {
  root = "public"
  route "/static/*" {
    root = "public"
  }
  expect "home" {
    url   = "/"
    route = "/sttic/*"
  }
  expect "nothing" {
    url = "/"
  }
  expect "no url" {
    status = 200
  }
}
site "*.example.net" {
  root = "public"
  expect "wildcard" {
    url    = "/"
    status = 200
  }
}
expect "somewhere" {
  url     = "/"
  method  = "get"
  from    = "localhost"
  status  = 20
  reasons = ["route.machted"]
}
expect {
  url    = "https://example.org/#top"
  site   = "exmaple.org"
  reasons = ["route.machted", "nothing.like.it"]
  send   = { "Bad Name" = "x" }
}
expect "other" {
  url   = "http://www.example.org/x"
  site  = "www.example.org"
  route = "/nothing"
}
