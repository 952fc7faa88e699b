#!/usr/bin/env bash
# Runs the site twice, under gunicorn with two processes and a Redis: as tutorials end, and by
# policies/news.cachepolicy. The same requests and writes go to both, and what came back is shown side by side;
# then what the policy predicts of the recorded traffic, beside what was counted.
#
#   examples/django-news/run.sh [REQUESTS [WRITES [RATE]]]
#
# Needs redis-server, and a Python with what requirements.txt lists and the package cachepolicy:
#   pip install -r examples/django-news/requirements.txt ./crates/python
set -euo pipefail
cd "$(dirname "$0")"
requests=${1:-50000}
writes=${2:-500}
rate=${3:-500}
python=${PYTHON:-python3}
redis_port=${REDIS_PORT:-6391}
site_port=${SITE_PORT:-8391}
command -v redis-server >/dev/null || {
    echo "redis-server is missing: \`apt-get install redis-server\`, \`brew install redis\`" >&2
    exit 2
}
"$python" -c 'import cachepolicy, django, gunicorn, redis' || {
    echo "something is missing: pip install -r examples/django-news/requirements.txt ./crates/python" >&2
    exit 2
}

folder=$(mktemp -d)
started=()
finish() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    test -z "${KEEP:-}" || cp -r "$folder/." "$KEEP/"
    rm -rf "$folder"
}
trap finish EXIT
export NEWS_REDIS="redis://127.0.0.1:$redis_port" DJANGO_SETTINGS_MODULE=site_news.settings
redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$folder" >"$folder/redis.log" &
started+=($!)
for _ in $(seq 100); do
    redis-cli -p "$redis_port" ping >/dev/null 2>&1 && break
    sleep 0.05
done

serve() { # FORM
    export NEWS=$1 NEWS_DATABASE="$folder/$1.sqlite3"
    "$python" manage.py migrate --run-syncdb -v0
    "$python" manage.py fill 1000
    "$python" -m gunicorn site_news.wsgi --workers 2 --threads 8 --bind "127.0.0.1:$site_port" \
        --log-level warning --pid "$folder/gunicorn.pid" &
    site=$!
    started+=("$site")
    for _ in $(seq 100); do
        curl -sf -o /dev/null "http://127.0.0.1:$site_port/articles/1" && break
        sleep 0.1
    done
}

ended() {
    kill -TERM "$site"
    wait "$site" || true
}

for form in tutorial policy; do
    redis-cli -p "$redis_port" flushall >/dev/null
    echo "== $form"
    test "$form" = tutorial || export CACHEPOLICY_RECORD="$folder/recording"
    serve "$form"
    "$python" load.py "http://127.0.0.1:$site_port" --requests "$requests" --writes "$writes" --rate "$rate" \
        --json "$folder/$form.json"
    ended
done

echo "== what was predicted of the recorded traffic, and what happened"
unset CACHEPOLICY_RECORD
"$python" manage.py cachepolicy drift "$folder/recording" --set news.processes=2
"$python" - "$folder" <<'END'
import json
import sys
from pathlib import Path

from cachepolicy import Policy, simulate

folder = Path(sys.argv[1])
sys.path.insert(0, ".")
from cachepolicy.django.recording import joined  # noqa: E402

policy = Policy.load("../../policies/news.cachepolicy")
report = simulate(policy, joined(folder / "recording"), set={"news.processes": "2"})
measured = json.loads((folder / "policy.json").read_text())["/articles/{slug}"]
predicted = report["routes"]["GET /articles/{slug}"]["out_of_date"]
print(f"{'articles out of date':24}{predicted['serves']:>12}{measured['old']:>12}")
both = predicted["staleness"]["p99"], measured["age_p99"]
print(f"{'their staleness, p99':24}{both[0]:>11.2f}s{both[1]:>11.2f}s")
END
