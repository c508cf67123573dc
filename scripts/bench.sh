#!/usr/bin/env bash
# Measures a release build on both engines at several sizes and writes docs/benchmarks.md.
#   SIZES="10000 100000 1000000" ENGINES="sqlite postgres" SECONDS_EACH=10 MAILBOX=100000 scripts/bench.sh
# Figures of one run compare with each other; CPU per operation compares between machines best.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then
  cargo build --release -p tanggap-app -p tanggap-bench
  # Durable as in production: fsync stays on.
  TANGGAP_TEST_POSTGRES_OPTIONS="-c fsync=on -c max_wal_size=4GB" \
  TANGGAP_TEST_POSTGRES_BUFFERS=1GB exec scripts/with-smsc.sh scripts/with-dovecot.sh \
    scripts/with-postgres.sh "$0" inside
fi

sizes=${SIZES:-10000 100000 1000000}
engines=${ENGINES:-sqlite postgres}
each=${SECONDS_EACH:-10}
target=${CARGO_TARGET_DIR:-target}
bin=$target/release/tanggap
bench=$target/release/tanggap-bench
out=$target/bench
mkdir -p "$out"
work=$(mktemp -d "${TMPDIR:-/tmp}/tanggap-bench.XXXXXX")
server=
stop() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  rm -rf "$work"
}
trap stop EXIT
field() { node -p "JSON.parse(require('fs').readFileSync('$1'))['$2']"; }

echo "== routing" >&2
"$bench" route > "$out/routing.json"

for engine in $engines; do
  for size in $sizes; do
    name=$engine-$size
    data=$work/$name
    mkdir -p "$data"
    postmaster=()
    if [ "$engine" = sqlite ]; then
      database=$data/tanggap.sqlite3
    else
      psql -q "$TANGGAP_TEST_POSTGRES" -c "create database b$size"
      # By its socket, as on one machine in production.
      port=${TANGGAP_TEST_POSTGRES##*:}
      folder=$(dirname "$TANGGAP_TEST_POSTGRES_DATA")
      database="postgres:///b$size?host=$folder&port=${port%%/*}&user=tanggap"
      postmaster=(--pid "$(head -n 1 "$TANGGAP_TEST_POSTGRES_DATA/postmaster.pid")")
    fi
    echo "== $name: seeding" >&2
    "$bench" seed --database "$database" --cases "$size" > "$out/$name-seed.json"
    "$bench" account --database "$database" --data "$data"
    # What seeding left to be written would be waited for by the start.
    sync
    [ "$engine" = sqlite ] || psql -q "$database" -c checkpoint
    port=$((21000 + RANDOM % 20000))
    address=127.0.0.1:$port
    began=$(date +%s%N)
    # Chat visitors come from addresses of their own.
    TANGGAP_TRUSTED_PROXIES=127.0.0.1 "$bin" serve --data "$data" --database "$database" --listen "$address" \
      > "$work/$name.log" 2>&1 &
    server=$!
    until curl -sf -o /dev/null "http://$address/healthz"; do sleep 0.01; done
    ready=$((($(date +%s%N) - began) / 1000000))
    sleep 3
    idle=$(awk '/^Pss:/ {printf "%.1f", $2 / 1024}' "/proc/$server/smaps_rollup")
    echo "{\"start_ms\": $ready, \"idle_pss_mb\": $idle}" > "$out/$name-start.json"
    token=$(field "$out/$name-seed.json" token)
    cookie=$(field "$out/$name-seed.json" cookie)
    long=$(field "$out/$name-seed.json" long_case)
    rare=$(field "$out/$name-seed.json" rare)
    # A page deep in the list, by the cursor of the tenth.
    next=/meja
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      next=$(curl -s -H "Cookie: $cookie" "http://$address$next" \
        | grep -o 'href="/meja?[^"]*setelah=[^"]*"' | head -n 1 \
        | sed 's/^href="//; s/"$//; s/&#38;/\&/g; s/&amp;/\&/g') || true
      [ -n "$next" ] || { next=/meja; break; }
    done
    echo "== $name: reading" >&2
    "$bench" read --address "$address" --cookie "$cookie" --token "$token" --seconds "$each" \
      --pid "$server" \
      --page "inbox first=/meja" --page "inbox deep=$next" --page "case=/meja/$long" \
      --page "board=/penyelia" --page "search rare=/meja?q=$rare" \
      --page "search common=/meja?q=jalan" > "$out/$name-read.json"
    echo "== $name: watching" >&2
    "$bench" watch --address "$address" --cookie "$cookie" --token "$token" --seconds "$each" \
      --pid "$server" > "$out/$name-watch.json"
    # Before thousands of chats, which leave timers to be run behind.
    echo "== $name: creating" >&2
    "$bench" create --address "$address" --token "$token" --seconds "$each" \
      --pid "$server" "${postmaster[@]}" > "$out/$name-create.json"
    echo "== $name: webhooks" >&2
    "$bench" webhook --address "$address" --seconds "$each" \
      --pid "$server" "${postmaster[@]}" > "$out/$name-webhook.json"
    echo "== $name: chatting" >&2
    "$bench" chat --address "$address" --seconds "$each" \
      --pid "$server" "${postmaster[@]}" > "$out/$name-chat.json"
    kill "$server"
    wait "$server" || true
    server=
    rm -rf "$data"
  done
done

echo "== SMPP out" >&2
coproc centre { exec node "$TANGGAP_TEST_NODE_SMSC" --quiet; }
server=$centre_PID
read -r line <&"${centre[0]}"
"$bench" sms --port "$(node -p "($line).port")" --seconds "$each" > "$out/channels-sms.json"
kill "$server"
server=

echo "== mail" >&2
mkdir "$work/letters" "$work/mailbox"
taskset -c 0 "$bench" letters --data "$work/letters" > "$out/channels-letters.json"
"$bench" mailbox --data "$work/mailbox" --messages "${MAILBOX:-100000}" > "$out/channels-mailbox.json"

# What was measured on outside data by other commands stands below and stays.
{ node scripts/bench-report.mjs "$out"; echo; sed -n '/^## Outside corpora/,$p' docs/benchmarks.md; } \
  > "$out/benchmarks.md"
cp "$out/benchmarks.md" docs/benchmarks.md
echo "docs/benchmarks.md is written" >&2
