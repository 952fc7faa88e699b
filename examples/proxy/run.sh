#!/usr/bin/env bash
# Puts the caching proxy before Python's `http.server`, asks it for some pages, shows what it did with each and
# what it counted, and replays what it recorded.
#
#   examples/proxy/run.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
origin_port=${ORIGIN_PORT:-8391}
proxy_port=${PROXY_PORT:-8392}
admin_port=${ADMIN_PORT:-8393}
policy=examples/proxy/files.cachepolicy

profile=${PROFILE:-release} # or dev: builds sooner
cargo build --profile "$profile" -p cachepolicy
bin=${CARGO_TARGET_DIR:-target}/${profile/dev/debug}
folder=$(mktemp -d)
started=()
finish() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap finish EXIT

python3 -m http.server "$origin_port" --bind 127.0.0.1 --directory examples/proxy/site >"$folder/origin.log" 2>&1 &
started+=($!)
"$bin/cachepolicy" proxy "$policy" --origin "http://127.0.0.1:$origin_port" --listen "127.0.0.1:$proxy_port" \
    --admin "127.0.0.1:$admin_port" --record "$folder/trace.jsonl" &
proxy=$!
started+=("$proxy")
for _ in $(seq 100); do
    curl -sf -o /dev/null "http://127.0.0.1:$proxy_port/" && break
    sleep 0.1
done

ask() {
    printf '%-28s' "$1"
    curl -s -o /dev/null -w '%{http_code} ' -D "$folder/headers" "http://127.0.0.1:$proxy_port$1"
    grep -i '^cache-status' "$folder/headers" | tr -d '\r'
}
for path in /articles/1.html /articles/1.html '/articles/1.html?utm_source=x' /articles/none.html /articles/none.html /; do
    ask "$path"
done
for _ in $(seq 200); do
    curl -s -o /dev/null "http://127.0.0.1:$proxy_port/articles/$((RANDOM % 3 + 1)).html"
done
curl -s -o "$folder/metrics.txt" "http://127.0.0.1:$admin_port/metrics"
grep -v '^#' "$folder/metrics.txt"
kill -INT "$proxy"
wait "$proxy" || true
cat "$folder"/trace.*.jsonl >"$folder/recorded.jsonl"
"$bin/cachepolicy" drift "$policy" --trace "$folder/recorded.jsonl" --metrics "$folder/metrics.txt"
