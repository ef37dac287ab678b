#!/usr/bin/env bash
#
# What the gateway costs a request: the fleet's gateway, a bare Spring Cloud Gateway with one static route, a proxy of
# Netty's codecs alone and HAProxy, in turn in front of one backend that answers at once (HAProxy again). Needs wrk, haproxy,
# curl and the built layouts.
#
#   [BEFORE=<another built checkout>] benchmarks/gateway.sh [SECONDS [ROUNDS [WARM_UP_SECONDS]]]
#
# With BEFORE that checkout's gateway takes its turns too. The CPU time is a process's own for a request, without its
# compilers.

set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/processes.sh"
seconds=${1:-8}
rounds=${2:-3}
warm_up=${3:-30}
backend=$(free_port)
haproxy_port=$(free_port)
bare=$(free_port)
netty=$(free_port)
registry=$(free_port)
fleet=$(free_port)

# A backend that only answers, and a balancer: two processes of one program.
defaults='defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s'
cat >"$work/backend.cfg" <<EOF
$defaults
frontend backend
  bind 127.0.0.1:$backend
  http-request return status 200 content-type application/json string '{"model_name":"tiny","model_version":"1","outputs":[]}'
EOF
cat >"$work/haproxy.cfg" <<EOF
$defaults
  http-reuse always
listen door
  bind 127.0.0.1:$haproxy_port
  balance leastconn
  server one 127.0.0.1:$backend
EOF
background backend haproxy -f "$work/backend.cfg"
background haproxy haproxy -f "$work/haproxy.cfg"

libraries=$(cd "$root/gateway-service/target/layout" && printf '%s:' "$PWD"/lib/*.jar "$PWD"/lib/*/*.jar)
background bare "$java" -XX:+UseSerialGC -Xmx512m --enable-native-access=ALL-UNNAMED -Dbackend="http://127.0.0.1:$backend" \
  -cp "$libraries" "$root/benchmarks/BareGateway.java" --server.port="$bare" --server.address=127.0.0.1 \
  --eureka.client.enabled=false --spring.cloud.discovery.enabled=false --spring.cloud.loadbalancer.enabled=false
background netty "$java" -XX:+UseSerialGC -Xmx512m --enable-native-access=ALL-UNNAMED -Dbackend="$backend" -Dport="$netty" \
  -cp "$libraries" "$root/benchmarks/NettyGateway.java"

start registry discovery-server "$registry"
await registry "http://127.0.0.1:$registry/actuator/health"
# The backend as a replica that has a model ready, with a lease of an hour.
curl -fs -X POST -H 'Content-Type: application/json' "http://127.0.0.1:$registry/eureka/apps/INFERENCE-SERVICE" -d '{
  "instance": {"instanceId": "tiny", "hostName": "127.0.0.1", "app": "INFERENCE-SERVICE", "ipAddr": "127.0.0.1",
    "vipAddress": "inference-service", "secureVipAddress": "inference-service", "status": "UP",
    "port": {"$": '"$backend"', "@enabled": "true"}, "securePort": {"$": 443, "@enabled": "false"},
    "dataCenterInfo": {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
    "leaseInfo": {"renewalIntervalInSecs": 3600, "durationInSecs": 7200},
    "metadata": {"models-ready": "tiny:1", "models-known": ""}}}'
doors=(direct:"$backend" haproxy:"$haproxy_port" netty:"$netty" bare:"$bare" fleet:"$fleet")
warmed=("$netty" "$bare" "$fleet")
gateway() { # name, port
  start "$1" gateway-service "$2" --eureka.client.service-url.defaultZone="http://127.0.0.1:$registry/eureka/" \
    --eureka.client.register-with-eureka=false ${GATEWAY_ARGUMENTS:-}
}
gateway fleet "$fleet"
if [ -n "${BEFORE:-}" ]; then
  before=$(free_port)
  checkout=$BEFORE gateway before "$before"
  doors+=(before:"$before")
  warmed+=("$before")
fi

path=/v2/models/tiny/infer
await backend "http://127.0.0.1:$backend$path"
await haproxy "http://127.0.0.1:$haproxy_port$path"
await netty "http://127.0.0.1:$netty$path"
await bare "http://127.0.0.1:$bare$path"
await fleet "http://127.0.0.1:$fleet/v2/models/tiny/ready"
[ -z "${BEFORE:-}" ] || await before "http://127.0.0.1:$before/v2/models/tiny/ready"

cat >"$work/post.lua" <<'EOF'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"inputs":[{"name":"x","shape":[1,8],"datatype":"FP32","data":[1,2,3,4,5,6,7,8]}]}'
done = function(summary, latency, requests)
  local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %.1f %.1f %.1f %d %d\n", latency:percentile(50), latency:percentile(99),
    summary.requests * 1e6 / summary.duration, errors, summary.requests))
end
EOF

measure() { # port connections seconds: p50 us, p99 us, requests/s, errors, requests
  wrk -t1 -c"$2" -d"$3"s -s "$work/post.lua" "http://127.0.0.1:$1$path" | sed -n 's/^RESULT //p'
}

# In turns, so that all of them are as old when the first is measured.
for _ in 1 2 3; do
  for port in "${warmed[@]}"; do
    measure "$port" 32 $(((warm_up + 2) / 3)) >/dev/null
    measure "$port" 1 1 >/dev/null
  done
done

for round in $(seq "$rounds"); do
  for door in "${doors[@]}"; do
    name=${door%%:*}
    process=$name
    [ "$name" != direct ] || process=backend
    for clients in 1 32; do
      from=$(cpu "$process")
      result=$(measure "${door##*:}" "$clients" "$seconds")
      echo "$name $clients $result $(($(cpu "$process") - from))" >>"$work/results"
    done
  done
done

awk -v rounds="$rounds" '
  function median(list, n,    i, j, t, v) {
    split(list, v, " ")
    for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (v[j] + 0 < v[i] + 0) { t = v[i]; v[i] = v[j]; v[j] = t }
    return v[int((n + 1) / 2)]
  }
  { key = $1 " " $2; p50[key] = p50[key] " " $3; p99[key] = p99[key] " " $4; rate[key] = rate[key] " " $5; errors[$1] += $6
    cpu[key] = cpu[key] " " $8 / $7; now[key, ++count[key]] = $8 / $7 }
  END {
    base = median(p50["direct 1"], rounds)
    bare_added = median(p50["bare 1"], rounds) - base
    bare_rate = median(rate["bare 32"], rounds)
    print "| Door | Added p50, 1 client, µs | p99, 1 client, µs | Of the bare gateway | Requests/s, 32 clients | Of the bare gateway | CPU, 32 clients, µs | Errors |"
    print "|---|---:|---:|---:|---:|---:|---:|---:|"
    kinds = split("direct haproxy netty bare fleet" ("before 1" in p50 ? " before" : ""), doors, " ")
    for (d = 1; d <= kinds; d++) {
      name = doors[d]
      added = median(p50[name " 1"], rounds) - base
      throughput = median(rate[name " 32"], rounds)
      printf "| %s | %.0f | %.0f | %.2f | %.0f | %.2f | %.1f | %d |\n", name, added, median(p99[name " 1"], rounds),
        added / bare_added, throughput, throughput / bare_rate, median(cpu[name " 32"], rounds), errors[name]
    }
    if ("before 1" in p50) {
      for (r = 1; r <= rounds; r++) ratios = ratios " " now["fleet 32", r] / now["before 32", r]
      print ""
      printf "CPU of a request, now over before, rounds:%s; median %.3f\n", ratios, median(ratios, rounds)
    }
    added = median(p50["fleet 1"], rounds) - base
    throughput = median(rate["fleet 32"], rounds)
    met = added <= 1.3 * bare_added && throughput >= 0.8 * bare_rate
    print ""
    print "bar: at most 1.3 of the added latency, at least 0.8 of the throughput: " (met ? "met" : "MISSED")
    exit !met
  }' "$work/results"
