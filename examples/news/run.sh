#!/usr/bin/env bash
# Starts a Redis and the news site, sends so many seconds of the policy's own workload, and lays what happened
# beside what the simulator makes of the trace that the site recorded meanwhile.
#
#   examples/news/run.sh [SECONDS]      ten minutes if left out
set -euo pipefail
cd "$(dirname "$0")/../.."
exec cargo xtask predict "$@"
