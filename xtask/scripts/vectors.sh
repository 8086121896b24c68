#!/usr/bin/env bash
# The Alipay vectors, made anew by the provider's own SDK and compared with the kept ones.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
here=$PWD
cp wire/pay/vectors/alipay/*.mjs wire/pay/vectors/alipay/keys.json "$scratch"
cd "$scratch"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund alipay-sdk@4
mkdir out
cp keys.json out/
node make.mjs out
for file in requests responses notifications; do
  cmp "out/$file.json" "$here/wire/pay/vectors/alipay/$file.json"
  echo "$file.json: the same bytes"
done
