#!/usr/bin/env bash
#
# Compares versions of ONNX Runtime on this machine's CPUs: answers a second of raw sessions of one thread a CPU,
# batch 16, 32 tokens, both precisions of the default model. The versions take turns; the table shows medians.
# Before it stands what each does with ONNX's operator tests by value, and the names of those that it gets wrong, if
# NODE_TESTS names a folder of them (onnx/backend/test/data/node of ONNX's sources, up to release 1.22).
#
#   NODE_TESTS=onnx/backend/test/data/node benchmarks/onnxruntime-versions.sh 1.26.0 1.29.0
#
# Needs a built tree, and versions from 1.23 on for the tests. SECONDS_PER_RUN (5) and ROUNDS (3; 0 leaves speed out) are
# read from the environment.

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

if [ -n "${NODE_TESTS:-}" ]; then
  tests=$(cd "$NODE_TESTS" && pwd -P)
  for version in "$@"; do
    results=$jars/tests-$version
    : >"$results"
    before=
    # A test that ends the process leaves its name without a result; the next run begins behind it.
    until (cd "$layout" && "$JAVA_HOME/bin/java" --enable-native-access=ALL-UNNAMED -XX:ErrorFile=/dev/null \
      -classpath "$jars/onnxruntime-$version.jar:$rest" io.onnxfleet.benchmarks.Benchmarks \
      node-tests --folder "$tests" --after "$(tail -n 1 "$results" | cut -f 1)") >>"$results" 2>"$jars/errors"; do
      last=$(tail -n 1 "$results" | cut -f 1)
      if [ "$last" = "$before" ] || [ -z "$last" ]; then
        echo "$0: the tests do not run with $version: $(tail -n 1 "$jars/errors")" >&2
        break
      fi
      before=$last
      printf 'crashed\n' >>"$results"
    done
  done
  echo "| Version | Tests that run | Right | Wrong | Crashed | Wrong or crashed |"
  echo "|---|---:|---:|---:|---:|---|"
  for version in "$@"; do
    awk -F '\t' -v version="$version" '
      { split($2, words, " "); count[words[1]]++ }
      words[1] == "wrong" || words[1] == "crashed" { names = names (names ? ", " : "") substr($1, 6) }
      END {
        printf "| %s | %d | %d | %d | %d | %s |\n", version, count["pass"] + count["wrong"] + count["crashed"],
          count["pass"], count["wrong"], count["crashed"], names
      }' "$jars/tests-$version"
  done
  echo
fi

[ "$rounds" -gt 0 ] || exit 0
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
