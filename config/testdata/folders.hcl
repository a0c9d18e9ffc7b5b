# Folders and files that are not there.
listen ":8080" {
}
log {
  file = "public/logs/access.log"
}
site "a.example" {
  root = "publik"
}
site "b.example" {
  root = "public/index.html"
}
site "c.example" {
  root = "public/index.html/deeper"
}
site "d.example" {
  root = "public/nowhere/deep"
  files {
    missing "404.html" {
    }
  }
}
site "e.example" {
  root = "public"
  files {
    missing "/nowhere.html" {
      status = 700
    }
  }
  log {
    file = "public"
  }
}
