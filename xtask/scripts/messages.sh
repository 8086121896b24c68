#!/usr/bin/env bash
# What we send, taken by a message centre (npm smpp, by TLS too), a mail server (PyPI aiosmtpd) and a browser's library (PyPI http-ece, py-vapid)
# that we did not write.
# Needs node with npm, and python3 with venv.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(
  cd "$scratch"
  echo '{"private":true}' > package.json
  npm install --silent --no-audit --no-fund smpp@0.5
  python3 -m venv venv
  venv/bin/pip install --quiet --disable-pip-version-check 'aiosmtpd==1.4.*' 'cryptography' 'http-ece==1.2.*' 'py-vapid==1.9.*'
)
export NODE_PATH="$scratch/node_modules" EVERLINE_PYTHON="$scratch/venv/bin/python"
# As all tests were built: a package alone would build the same crates again with other features.
cargo test --quiet --locked --workspace --test it -- --ignored strangers
