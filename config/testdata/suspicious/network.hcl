network "packet:veth1" {
  address    = ["fd00:198:18::2/64"]
  moderation = "50us"
  busy_poll  = "100us"
}

listen ":80" {
}

site "a.example" {
  root    = "../public"
  address = ["198.18.0.2:80"]
}
