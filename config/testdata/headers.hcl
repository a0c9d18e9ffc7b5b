# Header rules, with carets inside the text.
listen ":8080" {
}
locals {
  policy = "default-src {self}"
}
header {
  set = {
    Content-Length = "5"
    "X-Bad Name:"  = "x"
    X-Frame-Option = "DENY\n"
    X-Time         = "at {tiem} in \"{site}\" ${"x"} {host.name}"
    x-time         = "twice"
    X-Later        = "{duration}"
    X-Heredoc      = <<-EOT
      {oops}
    EOT
    Content-Security-Policy = local.policy
    한국 = "x"
  }
  remove = ["Date", "X-Powered-By:"]
  default = { Server = "mine" }
  append  = {}
}
site "example.org" {
  root = "public"
  log {
    format = "json"
    custom = "{remote_addr} $status"
  }
  route "/x" {
    root = "public"
    log {
      custom = "%h %u\n"
    }
  }
  route "/y" {
    root = "public"
    log {
      format = "custom"
    }
  }
  route "/z" {
    root = "public"
    log {
      custom = "$remote_addr $request"
      rotate {
      }
    }
  }
}
