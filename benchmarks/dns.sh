#!/usr/bin/env bash
#
# A fleet without a registry: a real DNS server on loopback (dnsmasq), a gateway and three replicas, each on an address of its
# own, under 100 requests a second. A replica joins, one stops by TERM, one is killed, and DNS is away for a minute. Fails if
# a request was lost, or if a new replica has no fair share from 3 s after it is ready on. Needs dnsmasq, curl, the layouts.

set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/processes.sh"
away=${1:-60}
base=${DNS_PORT:-18150}
dns=$base
door=$((base + 1))
port=$((base + 2))
start_replica() { # number
  address=127.0.0.1$1 start "replica-$1" inference-service "$port" --eureka.client.enabled=false \
    --eureka.instance.ip-address="127.0.0.1$1" --fleet.inference.models="$work/models" --fleet.inference.graph-cache="$work/cache"
}

await_replica() { await "replica-$1" "http://127.0.0.1$1:$port/v2/health/ready"; }

list() { # numbers of the replicas that the name has, as a headless Service has those that are ready
  local number
  : >"$work/hosts"
  for number in "$@"; do echo "127.0.0.1$number replicas.fleet.test" >>"$work/hosts"; done
  [ -z "${pids[dns]:-}" ] || kill -HUP "${pids[dns]}"
}

start_dns() {
  dnsmasq --keep-in-foreground --port="$dns" --listen-address=127.0.0.1 --bind-interfaces --no-resolv --no-hosts --no-daemon \
    --addn-hosts="$work/hosts" --local=/fleet.test/ --local-ttl=5 --pid-file= >"$work/dns.log" 2>&1 9>&- &
  pids[dns]=$!
}

answered() { # number: how many requests a replica has answered
  curl -fs --max-time 2 "http://127.0.0.1$1:$port/v2/models/tiny-add/stats" | sed -n 's/.*"inference_count" *: *\([0-9]*\).*/\1/p'
}

mkdir "$work/models"
"$root/fleet" bench-tiny-model "$work/models" >/dev/null
start_replica 1
start_replica 2
await_replica 1
await_replica 2
list 1 2
start_dns
start gateway gateway-service "$door" --eureka.client.enabled=false --fleet.gateway.dns.name=replicas.fleet.test. \
  --fleet.gateway.dns.port="$port" --fleet.gateway.dns.server="127.0.0.1:$dns"
await gateway "http://127.0.0.1:$door/v2/models/tiny-add/ready"

body='{"inputs":[{"name":"x","shape":[1,8],"datatype":"FP32","data":[1,2,3,4,5,6,7,8]}]}'
mkfifo "$work/go"
"$java" -XX:+UseSerialGC "$root/benchmarks/StopsLoad.java" /v2/models/tiny-add/infer "$body" "$door" \
  <"$work/go" >"$work/load" 2>&1 &
load=$!
pids[load]=$load
exec 9>"$work/go"
sleep 10

echo "a replica joins"
start_replica 3
await_replica 3
list 1 2 3
sleep 3
before=$(answered 3)
sleep 5
share=$((($(answered 3) - before) * 100 / 500))
echo "  its share from 3 s on: $share % (fair: 33 %)"

echo "one stops by TERM"
list 1 2
kill -TERM "${pids[replica-3]}"
wait "${pids[replica-3]}" 2>/dev/null || true
sleep 3

echo "one is killed"
kill -KILL "${pids[replica-2]}"
sleep 3
list 1
sleep 2
start_replica 2
await_replica 2
list 1 2
sleep 5

echo "DNS is away for $away s"
kill -TERM "${pids[dns]}"
wait "${pids[dns]}" 2>/dev/null || true
sleep "$away"
start_dns
sleep 3

exec 9>&-
wait $load || true
read -r _ sent failed _ < <(grep '^RESULT' "$work/load") || fail "no result: $(tail -n 3 "$work/load")"
grep -v '^RESULT' "$work/load" || true
echo "$sent requests, $failed failed"
[ "$failed" -eq 0 ] || exit 1
[ "$share" -ge 20 ] || exit 1
