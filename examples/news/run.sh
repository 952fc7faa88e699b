#!/usr/bin/env bash
# Starts a Redis and the news site, sends so many seconds of the policy's own workload, and lays what happened
# beside what the simulator makes of the trace that the site recorded meanwhile.
#
#   examples/news/run.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
redis_port=${REDIS_PORT:-6390}
site_port=${SITE_PORT:-8390}
policy=policies/news.cachepolicy
# The policy is of four processes with eight threads each; this is one, and its requests need no threads.
as_run=(--set news.processes=1 --set news.threads=100000)
command -v redis-server >/dev/null || {
    echo "redis-server is missing: \`apt-get install redis-server\`, \`brew install redis\`" >&2
    exit 2
}

profile=${PROFILE:-release} # or dev: builds sooner
cargo build --profile "$profile" -p cachepolicy -p cachepolicy-example-news
bin=${CARGO_TARGET_DIR:-target}/${profile/dev/debug}
folder=$(mktemp -d)
started=()
finish() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    rm -rf "$folder"
}
trap finish EXIT

redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" >"$folder/redis.log" &
started+=($!)
"$bin/news" --redis "redis://127.0.0.1:$redis_port" --listen "127.0.0.1:$site_port" \
    --record "$folder/trace.jsonl" &
site=$!
started+=("$site")
for _ in $(seq 100); do
    curl -sf -o "$folder/before.txt" "http://127.0.0.1:$site_port/metrics" && break
    sleep 0.1
done

"$bin/cachepolicy" trace generate "$policy" -o "$folder/load.jsonl"
echo "== $seconds seconds of load"
"$bin/load" "$folder/load.jsonl" --site "http://127.0.0.1:$site_port" --seconds "$seconds" | tee "$folder/load.txt"
curl -sf -o "$folder/metrics.txt" "http://127.0.0.1:$site_port/metrics"
kill -INT "$site"
wait "$site" || true

echo "== what happened beside what was predicted"
cat "$folder"/trace.*.jsonl >"$folder/recorded.jsonl"
"$bin/cachepolicy" simulate "$policy" "${as_run[@]}" --trace "$folder/recorded.jsonl" --format json |
    python3 -c '
import json, sys
figures = json.load(sys.stdin)["routes"]["GET /articles/{slug}"]["out_of_date"]
print("predicted: {} pages of articles out of date, staleness p99 {:.3f} s, max {:.3f} s".format(
    figures["serves"], figures["staleness"]["p99"], figures["staleness"]["max"]))'
"$bin/cachepolicy" drift "$policy" "${as_run[@]}" --trace "$folder/recorded.jsonl" --metrics "$folder/metrics.txt" && status=0 || status=$?
test -z "${KEEP:-}" || cp "$folder"/{recorded.jsonl,metrics.txt,load.txt} "$KEEP"
exit "$status"
