listen ":8080" {
}

site "example.org" {
  root = "public"
  types {
    languages = { en_gb = "en_GB" }
    encodings = { gz = "g zip" }
  }
  negotiate {
    multiviews    = true
    languages     = ["english language"]
    precompressed = ["gz", "lzma"]
    when_none     = "406"
    candidates    = 0
  }
}
