# A brace that is missing.
listen ":8080" {
}
site "example.org" {
  root = "public"
  files {
    indx = ["index.html"]

site "example.net" {
  root = "publik"
}
