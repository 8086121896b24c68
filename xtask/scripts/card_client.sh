#!/usr/bin/env bash
# The card client against localstripe, which we did not write. It knows payments, refunds and signed events; it has no
# Checkout Sessions, heeds no idempotency key, and its payments lack amount_received.
# Needs python3 with venv.
set -euo pipefail
scratch=$(mktemp -d)
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check 'localstripe==1.15.*'
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(cd "$scratch" && exec venv/bin/localstripe --port "$port" --from-scratch) > "$scratch/log" 2>&1 &
trap 'kill %1; rm -rf "$scratch"' EXIT
for _ in $(seq 100); do
  (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
  sleep 0.1
done
EVERLINE_LOCALSTRIPE="http://127.0.0.1:$port" \
  cargo test --quiet --locked --workspace --test it -- --ignored localstripe
