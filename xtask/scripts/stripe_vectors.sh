#!/usr/bin/env bash
# Stripe's vectors, made anew by two SDKs we did not write, and compared with the kept ones. The compiler holds every
# parameter we send to the types of the pinned version of the API.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
kept=$PWD/wire/pay/vectors/stripe
cp "$kept"/*.mjs "$kept"/make.py "$scratch"
cd "$scratch"
echo '{"private":true,"type":"module"}' > package.json
npm install --silent --no-audit --no-fund stripe@23.1.0 typescript@5 @types/node@22
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check stripe==16.1.0
node types.mjs "$kept" > calls.ts
npx tsc --noEmit --strict --skipLibCheck --module nodenext --moduleResolution nodenext --target es2022 calls.ts
echo "calls.json: of the API's types"
mkdir out
node make.mjs "$kept" out
venv/bin/python make.py "$kept" out
for file in requests.npm requests.pypi errors.npm errors.pypi webhooks; do
  cmp "out/$file.json" "$kept/$file.json"
  echo "$file.json: the same bytes"
done
