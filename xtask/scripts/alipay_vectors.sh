#!/usr/bin/env bash
# The Alipay vectors, made anew by the provider's own SDK and compared with the kept ones.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
here=$PWD
cp wire/pay/vectors/alipay/{make.mjs,keys.json,*.pem} "$scratch"
cd "$scratch"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund alipay-sdk@4
mkdir out
node make.mjs out
for file in requests responses notifications certificates; do
  cmp "out/$file.json" "$here/wire/pay/vectors/alipay/$file.json"
  echo "$file.json: the same bytes"
done
