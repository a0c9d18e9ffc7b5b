# Applications whose settings mean less than they seem to.
listen ":8080" {
}
site "a.example.org" {
  root = "."
  route "/app/*" {
    root = "."
    fastcgi "127.0.0.1:9003" {
      split_path_info = []
      front           = "/index.php"
    }
  }
  route "/*" {
    fastcgi "127.0.0.1:9000" {
      keep_alive = false
      idle       = 4
    }
  }
}
