#!/usr/bin/env bash
#
# What a volume of kept graphs and notes saves: from a replica's start to Ready, on 2 CPUs, in turn on an empty volume and on one
# that a replica before it has filled; with OTHER, an earlier build on that filled volume too.
#
#   benchmarks/kept.sh [ROUNDS [BUILD [OTHER]]]
#
# A build is an image, run in a container of 2 CPUs and 1,536 MB, or a built checkout, run as a process on 2 CPUs (`taskset`).
# The default models; no registry, since a replica would wait for it. Needs curl for nothing and Docker for images only.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
rounds=${1:-7}
build=${2:-$here}
other=${3:-}
port=${KEPT_PORT:-18157}
models=${KEPT_MODELS:-$here/models}
work=$(mktemp -d)
pid=
container=

end() {
  [ -z "$pid" ] || { kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; } || true
  [ -z "$container" ] || docker rm -f "$container" >/dev/null 2>&1 || true
  pid=
  container=
}
trap 'end; rm -rf "$work"' EXIT
mkfifo "$work/never"

now() { local seconds=${EPOCHREALTIME/[.,]/}; printf '%s' $((seconds / 1000)); }

ready() { # without a process of its own, which would cost more than it measures
  local status
  { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
  printf 'GET /v2/health/ready HTTP/1.1\r\nHost: replica\r\nConnection: close\r\n\r\n' >&3 2>/dev/null || true
  IFS= read -r -t 10 status <&3 2>/dev/null || status=
  exec 3>&-
  case $status in 'HTTP/1.1 200'*) return 0 ;; esac
  return 1
}

start() { # build, volume
  if [ -d "$1" ]; then
    cd "$1/inference-service/target/layout"
    taskset -c 0,1 "$("$1/fleet" java-home)/bin/java" @jvm.args ${FLEET_JAVA_OPTIONS:-} @application.args \
      --server.port="$port" --server.address=127.0.0.1 --eureka.client.enabled=false --fleet.inference.models="$models" \
      --fleet.inference.graph-cache="$2" >"$work/log" 2>&1 &
    pid=$!
    cd "$here"
  else
    docker start "$container" >/dev/null
  fi
}

measure() { # build, volume: milliseconds to Ready
  mkdir -p "$2"
  if [ ! -d "$1" ]; then
    chown 10001:10001 "$2"
    container=$(docker create --network host --cpus 2 --memory 1536m --read-only --tmpfs /tmp --tmpfs /local:uid=10001 \
      -v "$2:/cache" -v "$models:/models:ro" -e EUREKA_CLIENT_ENABLED=false -e SERVER_PORT="$port" \
      -e SERVER_ADDRESS=127.0.0.1 -e MANAGEMENT_SERVER_PORT=$((port + 1)) "$1")
  fi
  local began
  began=$(now)
  start "$1" "$2"
  until ready; do
    if [ $(($(now) - began)) -gt 180000 ]; then
      [ -z "$container" ] || docker logs "$container" >"$work/log" 2>&1
      tail -n 5 "$work/log" >&2
      echo "kept.sh: $1 is not ready after 3 minutes" >&2
      exit 1
    fi
    read -r -t 0.005 <>"$work/never" || true
  done
  took=$(($(now) - began))
  # What is noted and kept after Ready is there too the next time.
  sleep 1
  end
}

# The volume is filled before it counts, by each build.
for each in "$build" ${other:+"$other"}; do measure "$each" "$work/filled"; done
for round in $(seq "$rounds"); do
  measure "$build" "$work/empty-$round"
  echo "$took" >>"$work/1"
  rm -rf "$work/empty-$round"
  measure "$build" "$work/filled"
  echo "$took" >>"$work/2"
  if [ -n "$other" ]; then
    measure "$other" "$work/filled"
    echo "$took" >>"$work/3"
  fi
done

median() { sort -n "$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }
row() { # file, name
  printf '%-28s %8s %8s %8s\n' "$2" "$(median "$1")" "$(sort -n "$1" | head -n 1)" "$(sort -n "$1" | tail -n 1)"
}
ratio() { # name, file, over file, at most
  awk -v name="$1" -v a="$(median "$2")" -v b="$(median "$3")" -v most="$4" \
    'BEGIN { printf "%-28s %8.2f   (expected: <= %s)\n", name, a / b, most }'
}
printf '%-28s %8s %8s %8s\n' 'milliseconds to Ready' median lowest highest
row "$work/1" "empty volume"
row "$work/2" "filled volume"
[ -z "$other" ] || row "$work/3" "the other on the filled one"
ratio "filled over empty" "$work/2" "$work/1" 0.6
[ -z "$other" ] || ratio "over the other" "$work/2" "$work/3" 0.85
