#!/bin/sh
# What encoding a response on the fly costs, beside nginx: CPU time of the server process for a request, and the size that
# comes out, for a page, a script and data, at gzip's levels 1, 6 and 9; then br and zstd. Nothing is kept (keep = false).
# Usage: bench/coding.sh [requests]     needs nginx, curl and taskset, and a quiet machine.
set -eu
n=${1:-400}
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 's=$?; [ $s = 0 ] || cat "$work"/*.log; kill $(cat "$work"/*.pid 2>/dev/null) 2>/dev/null || true; rm -rf "$work"; exit $s' EXIT
go build -o "$work/vitrine" ./cmd/vitrine
mkdir "$work/www"
dir() { go list -m -f '{{.Dir}}' "$1"; }
cp "$(dir golang.org/x/net)/html/testdata/go1.html" "$work/www/page.html"
cp "$(dir golang.org/x/tools)/cmd/present/static/jquery.js" "$work/www/script.js"
cp "$(dir github.com/klauspost/compress)/gzhttp/testdata/benchmark.json" "$work/www/data.json"
chmod -R a+rX "$work"
ticks=$(getconf CLK_TCK)

nginx_at() { # level port
	cat > "$work/nginx.$2.conf" <<END
worker_processes 1;
daemon off;
master_process off;
pid $work/nginx.$2.own;
error_log $work/nginx.log;
events { worker_connections 64; }
http {
  types { text/html html; text/javascript js; application/json json; }
  access_log off; sendfile on; keepalive_requests 1000000; open_file_cache max=100;
  gzip on; gzip_comp_level $1; gzip_types text/javascript application/json; gzip_min_length 1;
  client_body_temp_path $work/t; proxy_temp_path $work/t; fastcgi_temp_path $work/t; uwsgi_temp_path $work/t; scgi_temp_path $work/t;
  server { listen 127.0.0.1:$2; root $work/www; }
}
END
	taskset -c 0 nginx -e "$work/nginx.log" -p "$work" -c "$work/nginx.$2.conf" & echo $! > "$work/nginx.$2.pid"
}
vitrine_at() { # algorithm level port
	cat > "$work/vitrine.$3.hcl" <<END
listen "127.0.0.1:$3" {
}
log {
  off = true
}
memory {
  file_bytes = "1MiB"
  fresh      = "1h"
}
journeys {
  off = true
}
site "127.0.0.1" {
  default = true
  root    = "$work/www"
  compress {
    algorithms = ["$1"]
    $1 = $2
    keep = false
  }
}
END
	GOMAXPROCS=1 taskset -c 0 "$work/vitrine" run --config "$work/vitrine.$3.hcl" > "$work/vitrine.$3.log" 2>&1 & echo $! > "$work/vitrine.$3.pid"
}
cpu() { awk '{print $14+$15}' "/proc/$1/stat"; }
measure() { # name pid port coding
	for i in 1 2 3 4 5 6 7 8 9 10; do curl -s -o /dev/null "http://127.0.0.1:$3/page.html" && break; sleep 0.2; done
	for f in page.html script.js data.json; do
		size=$(taskset -c 1 curl -s -H "Accept-Encoding: $4" "http://127.0.0.1:$3/$f" | wc -c)
		taskset -c 1 curl -s -o /dev/null -H "Accept-Encoding: $4" "http://127.0.0.1:$3/$f?[1-20]"
		before=$(cpu "$2")
		taskset -c 1 curl -s -o /dev/null -H "Accept-Encoding: $4" "http://127.0.0.1:$3/$f?[1-$n]"
		after=$(cpu "$2")
		echo "$1 $f $size $(( (after - before) * 1000000 / ticks / n ))" >> "$work/result"
	done
	kill "$2"; wait "$2" 2>/dev/null || true
}
port=24100
for level in 1 6 9; do
	port=$((port+1)); nginx_at $level $port; measure "nginx-gzip-$level" "$(cat "$work/nginx.$port.pid")" $port gzip
	port=$((port+1)); vitrine_at gzip $level $port; measure "vitrine-gzip-$level" "$(cat "$work/vitrine.$port.pid")" $port gzip
done
for c in br:1 br:4 br:6 zstd:1 zstd:3 zstd:8; do
	port=$((port+1)); vitrine_at "${c%:*}" "${c#*:}" $port; measure "vitrine-${c%:*}-${c#*:}" "$(cat "$work/vitrine.$port.pid")" $port "${c%:*}"
done
printf '%-18s %-10s %8s %8s\n' server file bytes 'us CPU'
awk '{printf "%-18s %-10s %8d %8d\n", $1, $2, $3, $4; b[$1] += $3; c[$1] += $4}
END { for (l = 1; l <= 9; l++) if (("nginx-gzip-" l) in c) printf "gzip %d: size %.3f and CPU %.2f of nginx\n", l, b["vitrine-gzip-" l]/b["nginx-gzip-" l], c["vitrine-gzip-" l]/c["nginx-gzip-" l] }' "$work/result"
