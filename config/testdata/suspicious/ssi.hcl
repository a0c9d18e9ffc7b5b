listen ":8080" {
}

site "example.org" {
  root = "."

  ssi {
    extensions = []
  }
}
