# What people bring along from nginx and Apache, as it stood there.
worker_processes auto;
user www-data;
LoadModule rewrite_module modules/mod_rewrite.so
listen 80;
site "a.example.org" {
  root = "."
  gzip on;
  autoindex on;
  deny all;
  try_files $uri $uri/ /index.php?$args;
  auth_basic_user_file /etc/nginx/htpasswd;
  limit_req zone=one burst=5;
  location ~ \.php$ {
    fastcgi_pass unix:/run/php/php-fpm.sock;
  }
  AddType text/x-thing .thing
  Require ip 192.0.2.0/24
  ScriptAlias /cgi-bin/ /usr/lib/cgi-bin/
  Options +Includes
  ErrorDocument 404 /404.html
  UserDir public_html
  expires 1h;
  RewriteRule ^/old/(.*)$ /new/$1 [R=301,L]
  <Directory /srv/www/pub>
  ssl_certificate /etc/ssl/a.pem;
  proxy_pass http://127.0.0.1:3000;
}
