#!/usr/bin/env bash
# The sandbox's gateways with SDKs that we did not write as their clients, and a node's endpoints for notices with messages
# that those SDKs take and copies that they refuse.
# Needs node with npm, and python3 with venv.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
(
  cd "$scratch"
  echo '{"private":true}' > package.json
  npm install --silent --no-audit --no-fund alipay-sdk@4 stripe@23 wechatpay-node-v3@2
  python3 -m venv venv
  venv/bin/pip install --quiet --disable-pip-version-check 'wechatpayv3==2.*' 'wechatpy==1.*' cryptography
)
export NODE_PATH="$scratch/node_modules" EVERLINE_PYTHON="$scratch/venv/bin/python"
# As all tests were built: a package alone would build the same crates again with other features.
cargo test --quiet --locked --workspace --test it -- --ignored sdk
