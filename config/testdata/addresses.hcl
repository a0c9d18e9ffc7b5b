# Listeners and hosts.
listen "8080" "*:80" "localhost:8080" "example.org:80" "::1:80" {
}
listen "127.0.0.1" "http://127.0.0.1:80/" ":http" ":70000" ":x" "[::1" {
}
listen {
}
listen "127.0.0.1:8081" "127.0.0.1:8081" {
}
listen ":8081" {
}
listen "[::1]:0" "[::1]:0" {
}

site "http://a.example/" "b.example:8080" "c.example/x" "*" "*x.example" "a..b" "-x.example" "sp ace.example" {
}
site {
}
site "한국.example" "XN--3E0B707E.example" {
  root = "public"
}
site "한국.example" "ok.example" {
  root    = "public"
  default = true
}
site "OK.example." {
  root    = "public"
  default = true
  address = ["192.0.2.1:80"]
}
site "own.example" {
  root    = "public"
  address = ["192.0.2.1:80"]
  listen ":8081" {
  }
}
