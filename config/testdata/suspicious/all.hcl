# Everything that is legal and probably not meant.
include = ["sites/*.hcl"]

locals {
  unused = 1
}

listen ":8080" {
}

listen "127.0.0.1:8080" {
}

memory {
  files_bytes = "1MiB"
  file_bytes  = "2MiB"
}

log {
  file = "../public/access.log"
  rotate {
    size = "1MiB"
  }
}

site "empty.example" {
}

site "a.example" {
  root = "../public"
  log {
    buffer = 0
    rotate {
      size = "2MiB"
      keep = 7
    }
  }
  files {
    missing "/gone.html" {
    }
  }
  route "/static/*" {
    strip_prefix = "/sttic"
  }
  route "/old" {
    strip_prefix = "/old"
    redirect "/new" {
    }
    files {
      listing = true
    }
    types {
      default = "text/plain"
    }
  }
  route "/log" {
    log {
      file   = "../public/nowhere/access.log"
      custom = "$remote_addr"
      rotate {
      }
    }
  }
  expect "nothing" {
    url = "/"
  }
}
