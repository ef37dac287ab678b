#!/usr/bin/env bash
#
# What a replica's memory does while many callers send large inputs: resident kilobytes before (one caller was served, and
# what a run took is given back), at most, and a minute after. `benchmarks/run-memory.sh MODELS MODEL [CALLERS [SIZE]]`: MODELS is a folder of models, MODEL one of them
# whose variable dimensions take SIZE (720); each of 40 CALLERS sends one row, in binary, for 30 s.
#
# LIMIT (1536, in MB) is what the replica is told that it has: its heap is a quarter of it, and its other bounds are what it
# would derive from it in a container. A peak above LIMIT exits with 1, and so does more than 1.15 times as much after as
# before. Needs a built tree, and nothing else on PORT (18081).

set -euo pipefail

[ $# -ge 2 ] || {
  echo "usage: $0 MODELS MODEL [CALLERS [SIZE]]" >&2
  exit 1
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
models=$(cd "$1" && pwd -P)
model=$2
callers=${3:-40}
size=${4:-720}
limit=${LIMIT:-1536}
port=${PORT:-18081}
java=$("$here/fleet" java-home)/bin/java
work=$(mktemp -d)
pid=
end() { [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true; }
trap 'end; rm -rf "$work"' EXIT

heap=$((limit / 4))
beside=$((limit - heap))
cd "$here/inference-service/target/layout"
EUREKA_URL=http://127.0.0.1:9/eureka/ "$java" @jvm.args "-Xmx${heap}m" @application.args --server.port="$port" \
  --fleet.inference.models="$models" \
  --fleet.inference.max-run-memory=$((beside / 4))MB \
  --fleet.inference.max-tensor-memory=$((beside / 4))MB \
  --fleet.inference.max-pooled-memory=$((beside / 8))MB >"$work/log" 2>&1 &
pid=$!

kilobytes() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$pid/status"; }

for ((waited = 0; ; waited++)); do
  kill -0 "$pid" 2>/dev/null && [ "$waited" -lt 120 ] || {
    tail -20 "$work/log" >&2
    exit 1
  }
  curl -sf "http://127.0.0.1:$port/v2/models/$model/ready" >/dev/null && break
  sleep 1
done

bench() { # callers seconds
  "$here/fleet" bench --url "http://127.0.0.1:$port" --model "$model" --input binary --tokens "$size" \
    --concurrency "$1" --warm-up 0 --duration "$2" --max-errors 1
}

bench 1 2 >/dev/null
# What a version was not used for 15 s goes back to the system.
sleep 20
before=$(kilobytes VmRSS)
bench "$callers" 30
most=$(kilobytes VmHWM)
sleep 60
after=$(kilobytes VmRSS)

printf '%-24s %8d KB\n' before "$before" 'at most' "$most" 'a minute after' "$after" limit $((limit * 1024))
[ "$most" -lt $((limit * 1024)) ] && [ $((after * 100)) -le $((before * 115)) ]
