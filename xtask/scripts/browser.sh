#!/usr/bin/env bash
# Every page of a running demo in Chromium: both languages, 360 and 1280 px, axe, with and without JavaScript, by keyboard alone;
# whole journeys to a line that is in effect; a payment inside WeChat's own browser; a mailbox, and notices in browsers. With
# `lighthouse`: how Lighthouse judges the pages that people begin with. With `more`: journeys of accounts, lines and cards that
# nobody has registered, every action of the desk, and attacks written wherever something can be written; it takes half an
# hour alone, and is no part of CI. Two rounds have each language, and light and dark;
# ONLY=all has every pair of them. EVERLINE_PAGES keeps the pictures in a folder.
set -euo pipefail
scratch=$(mktemp -d)
demo=
finish() {
  if [ -n "$demo" ]; then kill "$demo" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap finish EXIT
cargo build --quiet --workspace --all-targets --locked
cp crates/web/tests/browser/* "$scratch"
sed -n 's/^\([a-z][a-z0-9]*-[a-z0-9-]*\) =.*/\1/p' crates/web/locales/en/*.ftl > "$scratch/keys.txt"
(cd "$scratch" && npm install --silent --no-audit --no-fund)
"${CARGO_TARGET_DIR:-target}/debug/everline" demo --port 0 > "$scratch/demo.log" 2> "$scratch/demo.err" &
demo=$!
for _ in $(seq 300); do
  portal=$(sed -n 's/^  Portal *//p' "$scratch/demo.log")
  [ -n "$portal" ] && break
  kill -0 "$demo" 2>/dev/null || { cat "$scratch/demo.err"; exit 1; }
  sleep 0.1
done
[ -n "$portal" ] || { echo "the demo did not start"; exit 1; }
if [ "${ONLY:-}" = all ]; then export EVERLINE_PAGES=${EVERLINE_PAGES:-${CARGO_TARGET_DIR:-target}/pages}; fi
pages=${EVERLINE_PAGES:-$scratch/pages}
if [ "${1:-}" = lighthouse ]; then
  (cd "$scratch" && npm install --silent --no-audit --no-fund --no-save lighthouse@13)
  node "$scratch/lighthouse.mjs" "$portal" "$pages"
  exit
fi
if [ "${1:-}" = more ]; then
  vouchers=$(sed -n '/^Vouchers/,/^Ctrl-C/s/^  \([0-9A-Z-]*\)$/\1/p' "$scratch/demo.log")
  free='const server = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(server.address().port); server.close(); });'
  failed=
  part() { node "$scratch/$1.mjs" "${@:2}" || failed="$failed $1"; }
  part account "$portal" "$pages"
  VOUCHERS=$vouchers part lines "$portal" "$pages"
  EVERLINE="${CARGO_TARGET_DIR:-target}/debug/everline" part claims "http://localhost:$(node -e "$free")" "$pages"
  part payloads "$portal" "$pages"
  # The last, because it stops the vouchers of the demo.
  part desk_actions "$portal" "$pages" "$PWD/crates/web/locales"
  [ -z "$failed" ] || { echo "with faults:$failed"; exit 1; }
  exit
fi
node "$scratch/pages.mjs" "$portal" "$pages"
node "$scratch/keyboard.mjs" "$portal" "$pages"
node "$scratch/journeys.mjs" "$portal" "$pages"
node "$scratch/in_wechat.mjs" "$portal" "$pages"
node "$scratch/notices.mjs" "$portal" "$pages"
