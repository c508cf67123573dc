#!/usr/bin/env bash
# Runs a command beside a PostgreSQL of its own: Debian's package, a private data folder and port,
# gone when the command ends. The command finds it in TANGGAP_TEST_POSTGRES.
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
if [ -z "$bin" ] || [ ! -x "$bin/initdb" ]; then
  echo "with-postgres: installing Debian's PostgreSQL" >&2
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq postgresql >/dev/null
  bin=$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/tanggap-pg.XXXXXX")
port=${TANGGAP_TEST_POSTGRES_PORT:-$((20000 + RANDOM % 20000))}
as=()
if [ "$(id -u)" = 0 ]; then
  # initdb refuses root.
  chown nobody "$dir"
  chmod 711 "$dir"
  as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
fi
stop() {
  "${as[@]}" "$bin/pg_ctl" -D "$dir/data" -m immediate -s stop >/dev/null 2>&1 || true
  rm -rf "$dir"
}
trap stop EXIT
"${as[@]}" "$bin/initdb" -D "$dir/data" -U tanggap -A trust -E UTF8 --locale=C >/dev/null
# An authority of its own and a certificate for `localhost`, to try TLS with.
ssl=()
if command -v openssl >/dev/null; then
  "${as[@]}" bash -c 'cd "$1" && exec 2>/dev/null
    key="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    openssl req -x509 $key -keyout ca.key -out ca.pem -days 30 -subj /CN=uji &&
    openssl req $key -keyout server.key -out server.csr -subj /CN=localhost &&
    echo subjectAltName=DNS:localhost >server.ext &&
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
      -extfile server.ext -out server.pem' _ "$dir"
  ssl=(-c ssl=on -c "ssl_cert_file=$dir/server.pem" -c "ssl_key_file=$dir/server.key")
  export TANGGAP_TEST_POSTGRES_CA="$dir/ca.pem"
fi
"${as[@]}" "$bin/pg_ctl" -D "$dir/data" -s -w -l "$dir/log" -o "-p $port -k $dir -h 127.0.0.1 ${ssl[*]} \
  -c max_connections=400 -c shared_buffers=${TANGGAP_TEST_POSTGRES_BUFFERS:-128MB} \
  ${TANGGAP_TEST_POSTGRES_OPTIONS:--c fsync=off}" start
export TANGGAP_TEST_POSTGRES="postgres://tanggap@127.0.0.1:$port/postgres"
export TANGGAP_TEST_POSTGRES_DATA="$dir/data" TANGGAP_TEST_POSTGRES_BIN="$bin"
"$@"
