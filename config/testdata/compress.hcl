listen ":8080" {
}

site "example.org" {
  compress {
    algorithms = ["brotli", "deflate", "gzip"]
    gzip       = 10
    br         = -1
    zstd       = 20
    types      = ["*/*", "text", "application/*+*"]
    min_size   = "1K"
  }
}
