#!/usr/bin/env bash
# nginx with the server block of docs/OPERATING.md in front of a node that `everline init` set up: TLS by a certificate made
# here, callers that nobody can pretend to be. And the units, looked at by systemd's own tool.
set -euo pipefail
scratch=$(mktemp -d)
node=
proxy=
finish() {
  for process in $proxy $node; do
    kill "$process" 2>/dev/null && wait "$process" || true
  done
  rm -rf "$scratch"
}
trap finish EXIT
fail() {
  echo "proxy: $1"
  tail -n 20 "$scratch"/*.log 2>/dev/null || true
  exit 1
}
free_port() {
  while true; do
    port=$((20000 + RANDOM % 12000))
    (: < "/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
  done
}
# The n-th block of a kind in the guide.
block() {
  awk -v kind="\`\`\`$1" -v wanted="$2" '$0 == kind { n++; on = n == wanted; next } /^```/ { on = 0 } on' docs/OPERATING.md
}

cargo build --quiet --workspace --all-targets --locked
everline="${CARGO_TARGET_DIR:-target}/debug/everline"
everline=$(realpath "$everline")

# systemd: a unit names a program that has to be there.
sed "s|/usr/bin/everline|$everline|" packaging/everline.service > "$scratch/everline.service"
block ini 1 | sed "s|/usr/bin/everline|$everline|" > "$scratch/everline-backup.service"
block ini 2 > "$scratch/everline-backup.timer"
systemd-analyze verify "$scratch"/everline.service "$scratch"/everline-backup.{service,timer} \
  || fail "systemd finds fault with a unit"
echo "systemd: the units are sound"

# A node as the guide sets it up, with stand-ins for what only an operator has.
secure=$(free_port) plain=$(free_port) admin=$(free_port)
url="https://my.example.com:$secure"
etc="$scratch/etc"
"$everline" init --yes --folder "$etc" --sqlite "$scratch/lib/everline.sqlite" --public-url "$url" > "$scratch/init.log"
cp "$etc/alipay-merchant.pub" "$etc/alipay-gateway.pub"
for name in sms network upstream; do (umask 077 && echo token > "$etc/secrets/$name.token"); done
sed -i -e "s|127.0.0.1:8800|127.0.0.1:$plain|" -e "s|127.0.0.1:8801|127.0.0.1:$admin|" \
  -e 's|^behind_proxy = .*|behind_proxy = ["127.0.0.1/32"]|' "$etc/everline.toml"
"$everline" serve --config "$etc/everline.toml" 2> "$scratch/node.log" &
node=$!

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=my.example.com -addext subjectAltName=DNS:my.example.com \
  -keyout "$scratch/privkey.pem" -out "$scratch/fullchain.pem" 2> "$scratch/openssl.log"
block nginx 1 | sed -e "s|listen 443 ssl|listen 127.0.0.1:$secure ssl|" -e "s|127.0.0.1:8800|127.0.0.1:$plain|" \
  -e "s|/etc/letsencrypt/live/my.example.com|$scratch|" > "$scratch/server.conf"
grep -q "listen 127.0.0.1:$secure ssl" "$scratch/server.conf" || fail "the guide has no server block for nginx"
temporary=$(for kind in client_body proxy fastcgi uwsgi scgi; do echo "${kind}_temp_path $scratch/$kind;"; done)
cat > "$scratch/nginx.conf" <<CONF
daemon off;
pid $scratch/nginx.pid;
error_log $scratch/nginx.log;
events {}
http { access_log off; $temporary include $scratch/server.conf; }
CONF
# nginx gives up root for a user of its own, which has to reach its temporary files.
chmod 711 "$scratch"
nginx -t -q -p "$scratch" -c "$scratch/nginx.conf" || fail "nginx does not take the server block"
nginx -p "$scratch" -c "$scratch/nginx.conf" &
proxy=$!

# A caller from an address that is no proxy's.
call() {
  curl --silent --show-error --max-time 20 --interface 127.0.0.2 --cacert "$scratch/fullchain.pem" \
    --resolve "my.example.com:$secure:127.0.0.1" "$@"
}
status() { call --output /dev/null --write-out '%{http_code}' "$@"; }
for _ in $(seq 300); do
  [ "$(status "$url/readyz" 2>/dev/null)" = 200 ] && break
  kill -0 "$node" 2>/dev/null || fail "the node did not start"
  kill -0 "$proxy" 2>/dev/null || fail "nginx did not start"
  sleep 0.1
done
expect() {
  [ "$2" = "$3" ] || fail "$1: $2 instead of $3"
  echo "proxy: $1: $2"
}
expect "ready over TLS" "$(status "$url/readyz")" 200
page=$(call --include "$url/")
grep -qi '^set-cookie: __Host-.*; Secure' <<< "$page" || fail "the cookie is not for TLS alone"
grep -qi '^strict-transport-security: ' <<< "$page" || fail "browsers are not told to stay on TLS"
grep -q 'Qinghe' <<< "$(call --header 'accept-language: en' "$url/")" || fail "no page of the brand"
expect "a notice reaches its address and is refused for what it is" "$(status --data x=1 "$url/notify/alipay")" 400
expect "network elements do not come this way" "$(status --data '{}' "$url/device/sessions")" 403
expect "what is too large ends at the proxy" \
  "$(head -c 200000 /dev/zero | status --data-binary @- "$url/api/v1/sign-in/code")" 413
# Thirty at once, whoever the caller says they are.
for n in $(seq 30); do status --header "x-forwarded-for: 203.0.113.$n" "$url/d/none" > /dev/null; done
expect "who pretends to be many is one" "$(status --header 'x-forwarded-for: 203.0.113.99' "$url/d/none")" 429
other=$(curl --silent --output /dev/null --write-out '%{http_code}' --interface 127.0.0.3 --cacert "$scratch/fullchain.pem" \
  --resolve "my.example.com:$secure:127.0.0.1" "$url/d/none")
expect "another caller is another" "$other" 404
kill "$node" && wait "$node" || fail "the node did not end well"
node=
expect "without a node the proxy says so" "$(status "$url/")" 502
