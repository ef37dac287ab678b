#!/usr/bin/env bash
#
# From a replica's process start to its first answer, in milliseconds: `benchmarks/start.sh [ROUNDS [ROOT...]]`.
# Each root is a built checkout of this repository; with several, they take turns, so that the state of the machine
# touches all alike. Replicas are started as each checkout's own ./fleet starts them, with no registry in reach; the answer is
# one inference of all-MiniLM-L6-v2. The first round warms the file cache and is not counted.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
rounds=${1:-7}
shift || true
roots=("$@")
[ ${#roots[@]} -gt 0 ] || roots=("$here")

export EUREKA_URL=http://127.0.0.1:9/eureka/
port=${START_PORT:-18081}
models=$here/models
java=$("$here/fleet" java-home)/bin/java
work=$(mktemp -d)
pid=
end() { [ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null || true; }
trap 'end; rm -rf "$work"' EXIT

tensor() { printf '{"name":"%s","datatype":"INT64","shape":[1,8],"data":[%s]}' "$1" "$2"; }
body="{\"inputs\":[$(tensor input_ids 101,7592,1010,4170,999,2003,2023,102),$(
  tensor attention_mask 1,1,1,1,1,1,1,1),$(tensor token_type_ids 0,0,0,0,0,0,0,0)]}"

now() { local seconds=${EPOCHREALTIME/[.,]/}; printf '%s' $((seconds / 1000)); }

# A checkout from before layouts named their own options was started with these.
flags_of() { # layout
  if [ -f "$1/jvm.args" ]; then
    printf '%s' @jvm.args
  else
    printf '%s' "-XX:+UseSerialGC -Xmx768m -XX:+ExitOnOutOfMemoryError --enable-native-access=ALL-UNNAMED"
  fi
}

answered() { # without a process of its own, which would cost more than it measures
  local status
  { exec 3<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
  printf 'POST /v2/models/all-minilm-l6-v2/infer HTTP/1.1\r\nHost: replica\r\nConnection: close\r\nContent-Type: %s\r\n%s: %d\r\n\r\n%s' \
    application/json Content-Length ${#body} "$body" >&3 2>/dev/null || true
  IFS= read -r -t 10 status <&3 || status=
  exec 3>&-
  case $status in 'HTTP/1.1 200'*) return 0 ;; esac
  return 1
}

measure() { # root: milliseconds to the first answer
  local began flags
  cd "$1/inference-service/target/layout"
  flags=$(flags_of .)
  began=$(now)
  # shellcheck disable=SC2086 # options are words
  "$java" $flags ${FLEET_JAVA_OPTIONS:-} @application.args --server.port="$port" \
    --fleet.inference.models="$models" >"$work/log" 2>&1 &
  pid=$!
  until answered; do
    kill -0 "$pid" 2>/dev/null || {
      tail -n 5 "$work/log" >&2
      exit 1
    }
    read -r -t 0.005 <>"$work/never" || true
  done
  took=$(($(now) - began))
  read -ra cpu <"/proc/$pid/stat"
  burnt=$(((cpu[13] + cpu[14]) * 10))
  resident=$(awk '/^VmRSS/ { print int($2 / 1024) }' "/proc/$pid/status")
  end
  wait "$pid" 2>/dev/null || true
  pid=
}

mkfifo "$work/never"
for round in $(seq 0 "$rounds"); do
  for index in "${!roots[@]}"; do
    measure "${roots[$index]}"
    [ "$round" -eq 0 ] || echo "$took $burnt $resident" >>"$work/$index"
  done
done
median() { sort -n | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }
printf '%8s %8s %8s %8s %8s  %s\n' median lowest highest cpu rss-MiB checkout
for index in "${!roots[@]}"; do
  printf '%8s %8s %8s %8s %8s  %s\n' "$(cut -d ' ' -f 1 "$work/$index" | median)" \
    "$(cut -d ' ' -f 1 "$work/$index" | sort -n | head -n 1)" "$(cut -d ' ' -f 1 "$work/$index" | sort -n | tail -n 1)" \
    "$(cut -d ' ' -f 2 "$work/$index" | median)" "$(cut -d ' ' -f 3 "$work/$index" | median)" "${roots[$index]}"
done
