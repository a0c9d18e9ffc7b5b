# The same by people who have seen that a setting has an = here.
pid = "/run/vitrine.pid"
listen ":8080" {
}
site "a.example.org" {
  root          = "."
  AllowOverride = "None"
  Options       = "+Includes"
  default_type  = "text/html"
  limit_conn    = "addr 10"
  sendfile      = true
  ssl_certificate = "/etc/ssl/a.pem"
  SetHandler    = "cgi-script"
  try_files     = "$uri /index.php"
  Redirect      = "/old /new"
  alias         = "/srv"
  auth "basic" {
  }
  Directory "/srv/www/pub" {
  }
  proxy_pass = "http://127.0.0.1:3000"
}
upstream "a" {
}
