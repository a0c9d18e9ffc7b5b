listen ":8080" {
}

site "example.org" {
  root = "."

  ssi {
    extensions = ["shtml", ".tar.gz"]
    types      = ["html"]
    exec       = "yes"
    errmsg     = "sorry"
    depth      = 0
  }

  route "/fixed" {
    respond {
      body = "x"
    }
    includes {
    }
  }
}
