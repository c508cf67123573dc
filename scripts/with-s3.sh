#!/usr/bin/env bash
# Runs a command beside a server that speaks S3 (moto, from PyPI, in a venv of its own), gone when
# the command ends. The command finds it in TANGGAP_TEST_S3 and the AWS_* variables.
set -euo pipefail

venv=${TANGGAP_TEST_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/tanggap/moto}
if [ ! -x "$venv/bin/moto_server" ]; then
  echo "with-s3: installing moto" >&2
  if ! python3 -m venv "$venv" 2>/dev/null; then
    sudo=$([ "$(id -u)" = 0 ] || echo sudo)
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq python3-venv >/dev/null
    python3 -m venv --clear "$venv"
  fi
  "$venv/bin/pip" install -q 'moto[server]==5.1.10'
fi
port=$((20000 + RANDOM % 20000))
"$venv/bin/moto_server" -H 127.0.0.1 -p "$port" >/dev/null 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  curl -sf -o /dev/null "http://127.0.0.1:$port/moto-api/" && break
  sleep 0.1
done
export AWS_ENDPOINT="http://127.0.0.1:$port" AWS_ALLOW_HTTP=true AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
curl -sf -o /dev/null -X PUT "$AWS_ENDPOINT/tanggap-test"
export TANGGAP_TEST_S3=s3://tanggap-test/files
"$@"
