listen ":8080" {
}

compress {
  algorithms = ["br", "gzip", "br"]
  types      = ["text/*", "image/png", "image/*"]
}

site "example.org" {
  route "/a" {
    compress {
      algorithms = []
    }
    respond {
    }
  }
  route "/b" {
    compress {
      off = true
    }
    respond {
    }
  }
}
