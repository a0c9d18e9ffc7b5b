# Applications by FastCGI.
listen ":8080" {
}
site "a.example.org" {
  root = "."
  route "/one" {
    fastcgi "php-fpm.sock" {
    }
  }
  route "/two" {
    fastcgi "unix:run/php.sock" {
      split_path_info = ["php"]
      index           = ["a/b.php"]
      front           = "index.php"
      root            = "public"
    }
  }
  route "/three" {
    fastcgi "localhost:9000" {
      params = {
        SCRIPT_FILENAME = "/srv/www{path}"
        "A=B"           = "c"
        PHP_ADMIN_VALUE = "open_basedir=/srv"
        APP_HOST        = "{hots}"
      }
    }
  }
  route "/four" {
    fastcgi "127.0.0.1:9000" {
      address        = "127.0.0.1:9001"
      send_file      = ["private"]
      accel_redirect = ["/", "protected", "/protected/*"]
      concurrent     = 0
      read           = 30
    }
  }
  route "/five" {
    respond {
    }
    fastcgi "[::1]:9000" {
    }
  }
  route "/six" {
    fastcgi {
    }
  }
  route "/seven" {
    fastcgi "unix:testdata/fastcgi.hcl" {
    }
  }
  route "/eight" {
    fastcgi "unix:///run/php.sock" {
    }
  }
  route "/nine" {
    fastcgi "/run/php.sock" {
    }
  }
  route "/ten" {
    fastcgi "127.0.0.1" {
    }
  }
  route "/eleven" {
    fastcgi "127.0.0.1:0" {
      fastcgi_read_timeout = "5s"
    }
  }
}
site "b.example.org" {
  route "/*" {
    fastcgi "127.0.0.1:9000" {
    }
  }
  route "/stored/*" {
    internal = "yes"
    hidden   = true
    root     = "."
  }
}
