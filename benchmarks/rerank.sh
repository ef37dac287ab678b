#!/usr/bin/env bash
# NDCG@10 of both ways in which a model of vectors reranks, over a judged collection: queries.jsonl, documents.jsonl and judgements.tsv.
# Of a cross-encoder, over the best documents by a model of vectors (--candidates NAME, --depth 50).
# Usage: [MODELS=FOLDER] benchmarks/rerank.sh TEXTS [--model NAME]; ./fleet up or ./mvnw -DskipTests package builds what it needs.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
layout=$root/benchmarks/target/layout
[ $# -ge 1 ] || { echo "$0: no folder of judged texts (expected: one)" >&2; exit 2; }
[ -f "$layout/application.args" ] || { echo "$0: benchmarks are not built (./mvnw -DskipTests package builds them)" >&2; exit 1; }
texts=$(cd "$1" && pwd)
shift
java=${JAVA_HOME:-$("$root/fleet" java-home)}/bin/java
models=$(cd "${MODELS:-$root/models}" && pwd)
cd "$layout"
exec "$java" @jvm.args -XX:TieredStopAtLevel=4 -Xmx2g @application.args rerank --models "$models" --texts "$texts" "$@"
