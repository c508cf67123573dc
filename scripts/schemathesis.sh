#!/usr/bin/env bash
# Lets Schemathesis look for requests that break the API's promises (docs/api/openapi.json): the
# program on an empty folder and a free port, a token, every check, both kinds of data.
# TANGGAP_BIN names the program (default: it is built); EXAMPLES bounds the tries of each call;
# further arguments go to Schemathesis.
set -euo pipefail
cd "$(dirname "$0")/.."

version=4.32.5
examples=${EXAMPLES:-40}
venv=${SCHEMATHESIS_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/tanggap/schemathesis-$version}
if [ ! -x "$venv/bin/schemathesis" ]; then
  echo "schemathesis: installing $version into $venv" >&2
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version"
fi

program=${TANGGAP_BIN:-}
if [ -z "$program" ]; then
  cargo build --quiet -p tanggap-app
  program=${CARGO_TARGET_DIR:-target}/debug/tanggap
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/tanggap-api.XXXXXX")
server=
stop() {
  if [ -n "$server" ]; then
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$dir"
}
trap stop EXIT

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
scopes=cases:read,cases:write,identity:read,org:read
token=$("$program" admin token --data "$dir/data" --scope "$scopes")
"$program" serve --data "$dir/data" --listen "127.0.0.1:$port" >"$dir/log" 2>&1 &
server=$!
for _ in $(seq 100); do
  if curl --silent --fail --output /dev/null "$url/readyz"; then break; fi
  if ! kill -0 "$server" 2>/dev/null; then
    cat "$dir/log" >&2
    exit 1
  fi
  sleep 0.1
done

"$venv/bin/schemathesis" run "$url/api/openapi.json" \
  --header "Authorization: Bearer $token" \
  --checks all --mode all --max-examples "$examples" --continue-on-failure --no-color "$@"
