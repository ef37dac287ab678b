#!/usr/bin/env bash
#
# Requests that are lost when processes stop: a registry, two gateways, two replicas and the tiny model, under 100 requests a
# second on 16 kept-alive connections; the processes stop by TERM and start again in turn. Once with clients that know both
# gateways, once through HAProxy. Needs haproxy, curl and the built layouts; fails if a request was lost.
#
#   benchmarks/stops.sh [STOPS [gateway|replica...]]    50 stops of each kind unless told otherwise

set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/processes.sh"
stops=${1:-50}
shift || true
kinds=("$@")
[ ${#kinds[@]} -gt 0 ] || kinds=(gateway replica)
base=${STOPS_PORT:-18150}
registry=$base
door=$((base + 1))
gateways=($((base + 2)) $((base + 3)))
replicas=($((base + 4)) $((base + 5)))
client() { printf -- '--eureka.client.service-url.defaultZone=http://127.0.0.1:%s/eureka/' "$registry"; }

start_gateway() { start "gateway-$1" gateway-service "${gateways[$1]}" "$(client)"; }

start_replica() {
  start "replica-$1" inference-service "${replicas[$1]}" "$(client)" --fleet.inference.models="$work/models" \
    --fleet.inference.graph-cache="$work/cache"
}

await_gateway() { await "gateway-$1" "http://127.0.0.1:${gateways[$1]}/v2/models/tiny-add/ready"; }
await_replica() { await "replica-$1" "http://127.0.0.1:${replicas[$1]}/v2/health/ready"; }

mkdir "$work/models"
"$root/fleet" bench-tiny-model "$work/models" >/dev/null
cat >"$work/haproxy.cfg" <<EOF
global
  stats socket $work/haproxy.sock
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout check 10s
  # A connection that is refused goes to the other server; what was sent is never sent again.
  retries 2
  option redispatch 1
listen door
  bind 127.0.0.1:$door
  balance roundrobin
  option httpchk GET /readyz
  default-server check inter 1s fall 2 rise 1
  server gateway-0 127.0.0.1:${gateways[0]}
  server gateway-1 127.0.0.1:${gateways[1]}
EOF

start registry discovery-server "$registry"
await registry "http://127.0.0.1:$registry/actuator/health"
for i in 0 1; do
  start_replica $i
  start_gateway $i
done
for i in 0 1; do
  await_replica $i
  await_gateway $i
done
haproxy -f "$work/haproxy.cfg" >"$work/haproxy.log" 2>&1 &
pids[haproxy]=$!
await haproxy "http://127.0.0.1:$door/v2/models/tiny-add/ready"

body='{"inputs":[{"name":"x","shape":[1,8],"datatype":"FP32","data":[1,2,3,4,5,6,7,8]}]}'
mkfifo "$work/go"

# Both clients at once, so that one series of stops serves both; each has its own connections and counts its own losses.
round() { # kind
  local kind=$1 number which name code=0 direct through
  "$java" -XX:+UseSerialGC "$root/benchmarks/StopsLoad.java" /v2/models/tiny-add/infer "$body" "${gateways[@]}" \
    <"$work/go" >"$work/direct" 2>&1 &
  direct=$!
  pids[direct]=$direct
  "$java" -XX:+UseSerialGC "$root/benchmarks/StopsLoad.java" /v2/models/tiny-add/infer "$body" "$door" \
    <"$work/go" >"$work/through" 2>&1 &
  through=$!
  pids[through]=$through
  exec 9>"$work/go"
  sleep 5
  for number in $(seq "$stops"); do
    which=$((number % 2))
    name=$kind-$which
    kill -TERM "${pids[$name]}"
    wait "${pids[$name]}" 2>/dev/null || true
    "start_$kind" $which
    "await_$kind" $which
    # The other one stops only once this one is used again, by HAProxy and by gateways.
    await_gateway 0
    await_gateway 1
    sleep 3
  done
  exec 9>&-
  wait $direct $through || true
  for name in direct through; do
    read -r _ sent failed moved < <(grep '^RESULT' "$work/$name") || { cat "$work/$name" >&2; return 1; }
    printf '%-8s %6d %-10s %9d %7d %6d\n' "$kind" "$stops" "$name" "$sent" "$failed" "$moved"
    grep -v '^RESULT' "$work/$name" | head -n 20 || true
    [ "$failed" -eq 0 ] || code=1
  done
  return $code
}

printf '%-8s %6s %-10s %9s %7s %6s\n' stopped stops clients requests failed moves
code=0
for kind in "${kinds[@]}"; do
  round "$kind" || code=1
done
exit $code
