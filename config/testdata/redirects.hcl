site "example.org" {
  route "/a/*" {
    redirect "http://example.org{path.tail}" {
    }
  }
  route "/b/*" {
    redirect "//example.org:8080{query}" {
    }
  }
  route "/c/*" {
    redirect "https:/{path.tail}" {
    }
  }
  route "~ ^/d/(.*)$" {
    redirect "http://{match.1}/" {
    }
  }
  route "~ ^/e/(.*)$" {
    redirect "http://{match.1}.example.org/" {
    }
  }
  route "/f/*" {
    redirect "{scheme}://{host}:{port}{uri}" {
    }
  }
  errors {
    page "404" {
      redirect = "https://example.org{query.from}"
    }
  }
}
