#!/usr/bin/env bash
# Runs a command that finds two message centres which are not ours: Kannel's drive_smpp (Debian's
# kannel-extras) in TANGGAP_TEST_DRIVE_SMPP and one made of node-smpp in TANGGAP_TEST_NODE_SMSC.
# Tests start and end them by themselves.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

drive=/usr/lib/kannel/test/drive_smpp
if [ ! -x "$drive" ]; then
  echo "with-smsc: installing Debian's kannel-extras" >&2
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends \
    kannel-extras >/dev/null
fi
if [ ! -d "$root/tests/smsc/node_modules/smpp" ]; then
  echo "with-smsc: installing node-smpp" >&2
  (cd "$root/tests/smsc" && npm ci --silent --no-audit --no-fund)
fi
if ! command -v openssl >/dev/null; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq openssl >/dev/null
fi
keys=$(mktemp -d "${TMPDIR:-/tmp}/tanggap-smsc.XXXXXX")
trap 'rm -rf "$keys"' EXIT
# An authority that vouches for itself, to try TLS with.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=CA:FALSE \
  -keyout "$keys/key.pem" -out "$keys/cert.pem" 2>/dev/null
export TANGGAP_TEST_SMSC_KEYS=$keys
export TANGGAP_TEST_DRIVE_SMPP=$drive TANGGAP_TEST_NODE_SMSC="$root/tests/smsc/smsc.mjs"
"$@"
