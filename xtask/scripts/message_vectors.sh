#!/usr/bin/env bash
# The vectors of Alibaba Cloud SMS, made anew by its own SDK and compared with the kept ones.
# Needs python3 with venv.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
kept=$PWD/wire/messages/vectors/aliyun
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check 'alibabacloud-dysmsapi20170525==4.*'
"$scratch/venv/bin/python" "$kept/make.py" "$scratch"
cmp "$scratch/calls.json" "$kept/calls.json"
echo "calls.json: the same bytes"
