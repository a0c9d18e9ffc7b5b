# Things that may be said once.
io = "single"
io = "pool"
listen ":8080" {
}
limits {
  ranges = 1
}
limits {
  ranges = 2
}
log {
  rotate {
    size = 1000
  }
  rotate {
    age = "1d"
  }
}
site "example.org" {
  root = "public"
  header {
    set = { X-A = "1", x-a = "2" }
  }
  files {
  }
  files {
  }
}
