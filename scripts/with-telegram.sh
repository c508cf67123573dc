#!/usr/bin/env bash
# Runs a command beside an emulator of the Telegram Bot API (telegram-test-api, from npm, in a
# folder of its own), gone when the command ends. The command finds it in TANGGAP_TEST_TELEGRAM.
set -euo pipefail

folder=${TANGGAP_TEST_NPM:-${XDG_CACHE_HOME:-$HOME/.cache}/tanggap/telegram}
if [ ! -d "$folder/node_modules/telegram-test-api" ]; then
  echo "with-telegram: installing telegram-test-api" >&2
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-audit --no-fund --silent telegram-test-api@4.2.1 >&2
fi
port=$((20000 + RANDOM % 20000))
NODE_PATH="$folder/node_modules" node -e "
  const Server = require('telegram-test-api');
  new (Server.default ?? Server)({ port: $port, host: '127.0.0.1' }).start();
" >/dev/null 2>&1 &
server=$!
trap 'kill $server 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  curl -s -o /dev/null "http://127.0.0.1:$port/" && break
  sleep 0.1
done
export TANGGAP_TEST_TELEGRAM="http://127.0.0.1:$port"
"$@"
