listen ":8080" {
}

admin "9180" {
  certificate = "admin/open.token"
  key         = "admin/open.token"
  token       = "a token with spaces in it"
}

include = ["sites/none.hcl"]

site "a.example" {
  root = "public"
}
