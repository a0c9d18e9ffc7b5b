#!/bin/sh
# What a file that was chosen among variants, or stands ready in a content coding, costs beside a plain one: the CPU time of
# the server for each request, from /proc, in turn, with the same bytes sent and the same fields asked with. The server is on
# core 0, the load on core 1.
#
# usage: negotiated.sh [ROUNDS] [SECONDS]     (needs wrk, taskset; the program is bin/vitrine)
set -eu
rounds=${1:-9} seconds=${2:-2}
here=$(cd "$(dirname "$0")/.." && pwd)
top=$(mktemp -d)
port=18765
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$top"' EXIT

mkdir "$top/root" "$top/plain"
head -c 1024 /dev/zero | tr '\0' x >"$top/1k"
for f in plain/page.html root/page.html.en root/page.html.ko root/style.css.br; do cp "$top/1k" "$top/$f"; done
head -c 4096 /dev/zero | tr '\0' x >"$top/root/style.css"
touch "$top/root/style.css.br"
cat >"$top/vitrine.hcl" <<EOF
listen "127.0.0.1:$port" {
}
log {
  off = true
}
control {
  off = true
}
site {
  default = true
  root    = "$top/root"
  negotiate {
    variants      = true
    precompressed = ["br", "gzip"]
  }
  route "/plain/*" {
    root         = "$top/plain"
    strip_prefix = "/plain"
    negotiate {
      variants      = false
      precompressed = []
    }
  }
}
EOF
GOMAXPROCS=1 taskset -c 0 "$here/bin/vitrine" run --config "$top/vitrine.hcl" >"$top/out" 2>&1 &
server=$!
tries=0
until wget -q -O /dev/null "http://127.0.0.1:$port/plain/page.html" 2>/dev/null || curl -so /dev/null "http://127.0.0.1:$port/plain/page.html"; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { cat "$top/out"; exit 1; }
	sleep 0.1
done

ticks() { awk '{ print $14 + $15 }' "/proc/$server/stat"; }

# ask NAME PATH: one round; prints microseconds of CPU a request.
ask() {
	before=$(ticks)
	taskset -c 1 wrk -t1 -c64 -d "$seconds" -H 'User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench' -H 'Accept: text/html,application/xhtml+xml,*/*;q=0.8' \
		-H 'Accept-Language: ko,en;q=0.5' -H 'Accept-Encoding: gzip, deflate, br' "http://127.0.0.1:$port$2" >"$top/wrk"
	after=$(ticks)
	if grep -q 'Non-2xx' "$top/wrk"; then cat "$top/wrk"; exit 1; fi
	requests=$(awk '/requests in/ { print $1 }' "$top/wrk")
	echo "$1 $before $after $requests $(getconf CLK_TCK)" | awk '{ printf "%s %.3f\n", $1, 1e6 * ($3 - $2) / $5 / $4 }'
}

ask warm /plain/page.html >/dev/null
i=0
while [ $i -lt "$rounds" ]; do
	ask plain /plain/page.html
	ask negotiated /page.html
	ask precompressed /style.css
	i=$((i + 1))
done >"$top/all"
for what in plain negotiated precompressed; do
	awk -v w=$what '$1 == w { print $2 }' "$top/all" | sort -n | awk -v w=$what '{ a[NR] = $1 } END { printf "%s %s %s %s\n", w, a[int((NR + 1) / 2)], a[1], a[NR] }'
done | awk 'NR == 1 { base = $2 } { printf "%-14s %.2f µs a request (%.2f to %.2f)  %.2f of plain\n", $1, $2, $3, $4, $2 / base }'
