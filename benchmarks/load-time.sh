#!/usr/bin/env bash
#
# How long a replica takes until all models of a folder are loaded, cold (nothing is known of them) and warm (a replica
# on the machine has loaded them before): `benchmarks/load-time.sh [ROUNDS [MODELS [ROOT...]]]`.
# MODELS holds `NAME/model.onnx` with the files beside it, as ../shared/models does, or Triton's layout; both are served
# without a configuration. No registry is asked: a replica would be ready only once it is registered. Each root is a built
# checkout of this repository; with several, they take turns. Prints the medians, and the medians of the rounds' ratios to
# the last root.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
rounds=${1:-7}
source=${2:-$here/../shared/models}
shift $(($# < 2 ? $# : 2))
roots=("$@")
[ ${#roots[@]} -gt 0 ] || roots=("$here")

port=${START_PORT:-18082}
java=$("$here/fleet" java-home)/bin/java
work=$(mktemp -d)
pid=
end() { [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true; }
trap 'end; rm -rf "$work"' EXIT

now() { local seconds=${EPOCHREALTIME/[.,]/}; printf '%s' $((seconds / 1000)); }

# stress-big-input is left out: one run of it takes 400 MB.
make_models() {
  local folder name
  for folder in "$source"/*/; do
    name=$(basename "$folder")
    if [ -f "$folder/model.onnx" ] && [ "$name" != stress-big-input ]; then
      mkdir -p "$work/models/$name/1"
      find "$folder" -maxdepth 1 -type f ! -name '*.json' -exec cp {} "$work/models/$name/1/" \;
    elif [ -f "$folder/1/model.onnx" ]; then
      cp -r "$folder" "$work/models/$name"
      rm -f "$work/models/$name/config.pbtxt"
    fi
  done
}

is_ready() { curl -fsS --max-time 5 "http://127.0.0.1:$port/v2/health/ready" >/dev/null 2>&1; }

measure() { # root, folder of temporary files: milliseconds until ready
  local began
  cd "$1/inference-service/target/layout"
  mkdir -p "$2"
  began=$(now)
  # shellcheck disable=SC2086 # options are words
  "$java" @jvm.args ${FLEET_JAVA_OPTIONS:-} -Djava.io.tmpdir="$2" @application.args --server.port="$port" \
    --eureka.client.enabled=false --fleet.inference.models="$work/models" >"$work/log" 2>&1 &
  pid=$!
  until is_ready; do
    kill -0 "$pid" 2>/dev/null && [ $(($(now) - began)) -lt 300000 ] || {
      tail -n 5 "$work/log" >&2
      exit 1
    }
    read -r -t 0.02 <>"$work/never" || true
  done
  took=$(($(now) - began))
  loaded=$(curl -fsS -X POST "http://127.0.0.1:$port/v2/repository/index" | grep -o '"state":"READY"' | wc -l)
  end
  wait "$pid" 2>/dev/null || true
  pid=
}

median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

mkfifo "$work/never"
make_models
for round in $(seq "$rounds"); do
  for index in "${!roots[@]}"; do
    rm -rf "$work/tmp-$index"
    measure "${roots[$index]}" "$work/tmp-$index"
    echo "$took" >>"$work/cold-$index"
    measure "${roots[$index]}" "$work/tmp-$index"
    echo "$took" >>"$work/warm-$index"
    echo "$loaded" >"$work/loaded-$index"
  done
  echo "round $round of $rounds" >&2
done
printf '%8s %8s %8s %8s %7s  %s\n' cold ratio warm ratio models checkout
last=$((${#roots[@]} - 1))
for index in "${!roots[@]}"; do
  ratios=()
  for kind in cold warm; do
    ratios+=("$(paste "$work/$kind-$index" "$work/$kind-$last" | awk '{ printf "%.3f\n", $1 / $2 }' | median)")
  done
  printf '%8s %8s %8s %8s %7s  %s\n' "$(median <"$work/cold-$index")" "${ratios[0]}" \
    "$(median <"$work/warm-$index")" "${ratios[1]}" "$(cat "$work/loaded-$index")" "${roots[$index]}"
done
