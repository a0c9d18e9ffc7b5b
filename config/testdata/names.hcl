# Names that mean nothing where they stand.
listen ":8080" {
  cleints {
    allow = ["127.0.0.1"]
  }
}

worker_processes = 4

timeouts {
  keepalive = "75s"
  heder     = "20s"
}

limits = {
  header_bytes = "32KiB"
}

server {
  root = "public"
}

site "example.org" {
  document_root = "public"
  server_name   = "example.org"
  listing       = true
  location "/x" {
  }
  index {
  }
  missing "/404.html" {
  }
  files {
    autoindex = true
    zzz       = 1
  }
  log {
    rotate {
      max_size = "1MiB"
    }
  }
  route "/a" {
    proxy_pass = "http://127.0.0.1:3000"
    return {
      status = 200
    }
  }
}
