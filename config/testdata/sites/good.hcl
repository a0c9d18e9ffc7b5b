site "good.example" {
  root  = "../public"
  indox = 1
}
