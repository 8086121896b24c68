#!/usr/bin/env bash
# The WeChat Pay vectors, made anew with SDKs that we did not write and compared with the kept ones.
# Needs node with npm, and python3 with venv.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
here=$PWD
cp wire/pay/vectors/wechat/{make.mjs,make.py,keys.json} "$scratch"
cd "$scratch"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund wechatpay-node-v3@2
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'wechatpayv3==2.*' 'wechatpy==1.*' cryptography
mkdir out
node make.mjs out
venv/bin/python make.py out
for file in requests_node requests_python messages certificates bill oauth; do
  cmp "out/$file.json" "$here/wire/pay/vectors/wechat/$file.json"
  echo "$file.json: the same bytes"
done
