# What people who come from elsewhere write first.
worker_processes 4;
io: events
listen ":8080" {
}
site "example.org" {
  root /srv/www;
  index index.html;
  body_bytes = 10MB
  strip_prefix = /x
  files { index = ["a"], listing = true }
  files { missing "/404.html" {} }
  types {
    default = 'text/html'
  }
}
include sites/*.hcl
