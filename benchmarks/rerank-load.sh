#!/usr/bin/env bash
# Reranking by a cross-encoder of MiniLM's size, with a fleet of its own on all CPUs, the cache off:
#   raw      1 query and 100 passages of 10 to 250 tokens (60 on average), at the replica and through the gateway, over ONNX Runtime
#            alone, row by row without padding, at the best split of the CPUs: at least 0.90 and 0.85
#   callers  8 callers of 25 passages each: throughput over one caller's, at least 0.95; slowest call over the median, at most 1.5
#   memory   a call of 4,000 short passages and one of 8,000 tokens, over that of the same call without the long one: at most 2
# Usage: benchmarks/rerank-load.sh [raw] [callers] [memory] [--rounds N] [--warm-up S]; exits with 1 where a bar is missed.
# ./mvnw -DskipTests package builds what it needs.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
layout=$root/benchmarks/target/layout
[ -f "$layout/application.args" ] || { echo "$0: benchmarks are not built (./mvnw -DskipTests package builds them)" >&2; exit 1; }
java=${JAVA_HOME:-$("$root/fleet" java-home)}/bin/java
cd "$layout"
exec "$java" @jvm.args -XX:TieredStopAtLevel=4 -Xmx2g @application.args rerank-load --root "$root" \
  --folder "$root/benchmarks/target/rerank-load" "$@"
