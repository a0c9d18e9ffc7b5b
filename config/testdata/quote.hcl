# A quote that is not closed hides everything after it.
io = "evnts"
listen ":8080" {
}
site "example.org" {
  root = "public
  files {
    indx = ["index.html"]
  }
}
site "example.net" {
  root = "publik"
}
