#!/usr/bin/env bash
#
# What a registry logs: two registries that copy each other, a gateway and a replica of the tiny model. Counts the lines of each
# registry's log over SECONDS at rest (20 are allowed), and for each change: a replica joins, leaves, expires, a peer goes and comes
# (one line is expected of each registry that saw it). Needs curl and the built layouts.
#
#   benchmarks/registry-log.sh [SECONDS]    600 unless told otherwise

set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/processes.sh"
rest=${1:-600}
base=${REGISTRY_PORT:-18150}
registries=("$base" $((base + 1)))
export PEER_1=http://localhost:${registries[0]}/eureka/ PEER_2=http://127.0.0.1:${registries[1]}/eureka/
start_registry() { # number
  local host=localhost
  [ "$1" = 0 ] || host=127.0.0.1
  start "registry-$1" discovery-server "${registries[$1]}" --spring.profiles.active=peers --eureka.instance.hostname=$host
}
start_replica() { # name, port
  start "$1" inference-service "$2" --eureka.client.service-url.defaultZone="$PEER_1,$PEER_2" \
    --fleet.inference.models="$work/models" --fleet.inference.graph-cache="$work/cache"
}
stop() { # name, signal
  kill -"$2" "${pids[$1]}"
  wait "${pids[$1]}" 2>/dev/null || true
  unset "pids[$1]"
}

code=0
marks=(0 0)
mark() { for i in 0 1; do marks[i]=$(wc -l <"$work/registry-$i.log"); done; }
count() { # what, at most in registry 0, in registry 1
  local i lines
  for i in 0 1; do
    lines=$(($(wc -l <"$work/registry-$i.log") - marks[i]))
    local most=$2
    [ $i = 0 ] || most=$3
    [ "$most" = - ] && continue
    printf '%-24s registry %d: %3d lines (expected: %s)\n' "$1" $i $lines "$most"
    if [ "${most#<=}" != "$most" ]; then
      [ $lines -le "${most#<=}" ] || code=1
    elif [ $lines != "$most" ]; then
      code=1
      tail -n $lines "$work/registry-$i.log" | cut -c 1-200
    fi
  done
}

mkdir "$work/models"
"$root/fleet" bench-tiny-model "$work/models" >/dev/null
start_registry 0
start_registry 1
for i in 0 1; do await "registry-$i" "http://127.0.0.1:${registries[$i]}/actuator/health"; done
start gateway gateway-service $((base + 2)) --eureka.client.service-url.defaultZone="$PEER_1,$PEER_2"
start_replica resting $((base + 3))
await resting "http://127.0.0.1:$((base + 3))/v2/health/ready"
await gateway "http://127.0.0.1:$((base + 2))/v2/models/tiny-add/ready"
sleep 15

mark
sleep "$rest"
count "$rest s at rest" "<=20" "<=20"

mark
start_replica passing $((base + 4))
await passing "http://127.0.0.1:$((base + 4))/v2/health/ready"
sleep 10
count "a replica joins" 1 1

mark
stop passing TERM
sleep 12
count "a replica leaves" 1 1

start_replica passing $((base + 4))
await passing "http://127.0.0.1:$((base + 4))/v2/health/ready"
sleep 10
mark
stop passing KILL
sleep 20
count "a replica expires" 1 1

mark
stop registry-1 TERM
sleep 20
count "a peer goes (TERM)" 1 -

mark
start_registry 1
await registry-1 "http://127.0.0.1:${registries[1]}/actuator/health"
sleep 20
count "a peer comes" 1 -

mark
stop registry-1 KILL
sleep 25
count "a peer goes (kill -9)" 1 -
exit $code
