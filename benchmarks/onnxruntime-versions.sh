#!/usr/bin/env bash
#
# Compares versions of ONNX Runtime on this machine's CPUs: answers a second of raw sessions of one thread a CPU,
# batch 16, 32 tokens, both precisions of the default model. The versions take turns; the table shows medians.
#
#   benchmarks/onnxruntime-versions.sh 1.22.0 1.26.0 1.29.0
#
# Needs a built tree. SECONDS_PER_RUN (5) and ROUNDS (3) are read from the environment.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
layout=$root/benchmarks/target/layout
rounds=${ROUNDS:-3}
duration=${SECONDS_PER_RUN:-5}
[ $# -ge 1 ] || {
  echo "usage: $0 VERSION..." >&2
  exit 1
}
JAVA_HOME=$("$root/fleet" java-home)
export JAVA_HOME
jars=$(mktemp -d)
trap 'rm -rf "$jars"' EXIT

for version in "$@"; do
  (cd "$root" && ./mvnw -q -B -ntp -N dependency:copy -Dartifact="com.microsoft.onnxruntime:onnxruntime:$version" \
    -DoutputDirectory="$jars") || exit 1
done

# The layout's class path, with its own ONNX Runtime taken out.
rest=$(sed -n '2s/"//gp' "$layout/application.args" | tr ':' '\n' | grep -v '/onnxruntime[^/]*\.jar$' | paste -s -d : -)

for _ in $(seq "$rounds"); do
  for model in all-minilm-l6-v2 all-minilm-l6-v2-int8; do
    for version in "$@"; do
      answers=$(cd "$layout" && "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED \
        -classpath "$jars/onnxruntime-$version.jar:$rest" io.onnxfleet.benchmarks.Benchmarks \
        raw --file "$root/models/$model/1/model.onnx" --batch 16 --split "$(nproc)x1" --duration "$duration" |
        sed -n 's|^best: .* \(.*\) rows/s|\1|p')
      echo "$model $version $answers"
    done
  done
done | sort -k 1,1 -k 2,2V -k 3,3n | awk '
  BEGIN { print "| Model | Version | Answers/s |\n|---|---|---:|" }
  function show() { if (count) printf "| %s | %s | %s |\n", model, version, values[int((count + 1) / 2)] }
  $1 != model || $2 != version { show(); model = $1; version = $2; count = 0 }
  { values[++count] = $3 }
  END { show() }
'
