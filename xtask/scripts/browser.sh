#!/usr/bin/env bash
# Every page of a running demo in Chromium: both languages, 360 px, axe, with and without JavaScript; and a payment inside
# WeChat's own browser.
set -euo pipefail
scratch=$(mktemp -d)
demo=
finish() {
  if [ -n "$demo" ]; then kill "$demo" 2>/dev/null || true; fi
  rm -rf "$scratch"
}
trap finish EXIT
cargo build --release --quiet --locked -p everline -p everline-sim
cp crates/web/tests/browser/* "$scratch"
(cd "$scratch" && npm install --silent --no-audit --no-fund)
"${CARGO_TARGET_DIR:-target}/release/everline" demo --port 0 > "$scratch/demo.log" 2> "$scratch/demo.err" &
demo=$!
for _ in $(seq 300); do
  portal=$(sed -n 's/^  Portal *//p' "$scratch/demo.log")
  [ -n "$portal" ] && break
  kill -0 "$demo" 2>/dev/null || { cat "$scratch/demo.err"; exit 1; }
  sleep 0.1
done
[ -n "$portal" ] || { echo "the demo did not start"; exit 1; }
node "$scratch/pages.mjs" "$portal" "$scratch/pages"
node "$scratch/in_wechat.mjs" "$portal" "$scratch/pages"
