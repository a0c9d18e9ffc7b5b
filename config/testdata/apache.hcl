<VirtualHost *:80>
    ServerName blog.example.org
    ServerAlias www.blog.example.org
    ServerAdmin webmaster@example.org
    DocumentRoot /var/www/blog
    DirectoryIndex index.php index.html
    <Directory /var/www/blog>
        Options FollowSymLinks
        AllowOverride FileInfo
        Require all granted
        RewriteEngine On
        RewriteBase /
        RewriteRule ^index\.php$ - [L]
        RewriteCond %{REQUEST_FILENAME} !-f
        RewriteRule . /index.php [L]
    </Directory>
    <FilesMatch \.php$>
        SetHandler "proxy:unix:/run/php/php-fpm.sock|fcgi://localhost"
    </FilesMatch>
    <Files wp-config.php>
        Require all denied
    </Files>
    php_value upload_max_filesize 64M
    SetEnvIf Authorization "(.*)" HTTP_AUTHORIZATION=$1
    ErrorLog ${APACHE_LOG_DIR}/error.log
    LogLevel warn
    CustomLog ${APACHE_LOG_DIR}/access.log combined
</VirtualHost>
<VirtualHost *:80>
    ServerName old.example.org
    DocumentRoot /srv/old
    ScriptAlias /cgi-bin/ /usr/lib/cgi-bin/
    ScriptAliasMatch ^/report/(.*)$ /usr/lib/report/$1
    AddHandler cgi-script .cgi .pl
    <Directory /srv/old>
        Options +ExecCGI -Indexes
        Order deny,allow
        Deny from all
        Allow from 198.18.0.0/15
    </Directory>
    SetEnv REPORT_DB /srv/db
    PassEnv TZ
    AddDefaultCharset UTF-8
    AddEncoding x-gzip .gz
    ScriptLog /var/log/apache2/cgi.log
    ServerSignature Off
    RLimitCPU 30
    RLimitMEM 100000000
</VirtualHost>
