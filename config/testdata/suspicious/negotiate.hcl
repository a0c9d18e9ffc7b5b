listen ":8080" {
}

site "example.org" {
  root = "../public"
  negotiate {
    variants  = true
    languages = ["en", "ko", "en-GB"]
  }
}
