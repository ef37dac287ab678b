#!/usr/bin/env bash
#
# What authentication costs a request: the same gateway without credentials, with 1,000 API keys in turn, with 1,000 tokens
# in turn, and with one of each. In front of one replica that serves the tiny model, or with --instant of a backend that
# answers at once, against which every microsecond of the gateway shows. Paired: each kind is measured without and with in
# each round, one right after the other, the first of them in turn, and the table gives the median of the rounds' ratios.
# The CPU time is the gateway's own for a request, without its compilers': what else runs on the machine moves it least.
# They need some minutes of load before they rest: with less warm-up the figures are those of a young process. Needs wrk, curl
# (haproxy for --instant) and the built layouts.
#
#   benchmarks/authentication.sh [--instant] [SECONDS [ROUNDS [WARM_UP_SECONDS]]]

set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/processes.sh"
instant=
if [ "${1:-}" = --instant ]; then
  instant=1
  shift
fi
seconds=${1:-8}
rounds=${2:-5}
warm_up=${3:-120}
count=1000
clients=32

# ---------------------------------------------------------------- an issuer, keys and tokens

issuer=$(free_port)
mkdir -p "$work/issuer"
cat >"$work/Issue.java" <<'JAVA'
import com.nimbusds.jose.*;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.*;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.*;
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.security.*;
import java.util.*;

/** Writes keys, their file, and tokens; then shows the public key of the tokens. */
class Issue {
  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    int port = Integer.parseInt(arguments[1]);
    int count = Integer.parseInt(arguments[2]);
    String issuer = "http://127.0.0.1:" + port;
    RSAKey key = new RSAKeyGenerator(2048).keyID("bench").generate();
    SecureRandom random = new SecureRandom();
    List<String> keys = new ArrayList<>(), lines = new ArrayList<>(), tokens = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      byte[] bytes = new byte[32];
      random.nextBytes(bytes);
      String text = "fleet_" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      keys.add(text);
      lines.add("{\"name\":\"k%d\",\"sha256\":\"%s\",\"scopes\":[\"infer\"],\"models\":[\"tiny*\"],\"requests_per_minute\":1000000000}"
          .formatted(i, HexFormat.of().formatHex(digest)));
      SignedJWT token = new SignedJWT(
          new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("bench").type(JOSEObjectType.JWT).build(),
          new JWTClaimsSet.Builder().issuer(issuer).audience("onnx-fleet").subject("s" + i)
              .claim("scope", "infer").expirationTime(new Date(System.currentTimeMillis() + 7_200_000)).build());
      token.sign(new RSASSASigner(key));
      tokens.add(token.serialize());
    }
    Files.write(folder.resolve("keys"), keys);
    Files.write(folder.resolve("keys.file"), lines);
    Files.write(folder.resolve("tokens"), tokens);
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", port), 0);
    Map.of("/.well-known/openid-configuration", "{\"issuer\":\"%s\",\"jwks_uri\":\"%s/keys\"}".formatted(issuer, issuer),
        "/keys", new JWKSet(key.toPublicJWK()).toString()).forEach((path, body) ->
        server.createContext(path, exchange -> {
          byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(200, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        }));
    server.start();
  }
}
JAVA
libraries=$(cd "$root/gateway-service/target/layout" && printf '%s:' "$PWD"/lib/*.jar "$PWD"/lib/*/*.jar)
background issuer "$java" -XX:+UseSerialGC -cp "$libraries" "$work/Issue.java" "$work" "$issuer" "$count"
await issuer "http://127.0.0.1:$issuer/keys"

# ---------------------------------------------------------------- registry, backend, gateways

registry=$(free_port)
backend=$(free_port)
start registry discovery-server "$registry"
await registry "http://127.0.0.1:$registry/actuator/health"
eureka=--eureka.client.service-url.defaultZone=http://127.0.0.1:$registry/eureka/
if [ -n "$instant" ]; then
  cat >"$work/backend.cfg" <<CFG
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend backend
  bind 127.0.0.1:$backend
  http-request return status 200 content-type application/json string '{"model_name":"tiny-add","model_version":"1","outputs":[]}'
CFG
  background backend haproxy -f "$work/backend.cfg"
  await backend "http://127.0.0.1:$backend/v2/health/ready"
  curl -fs -X POST -H 'Content-Type: application/json' "http://127.0.0.1:$registry/eureka/apps/INFERENCE-SERVICE" -d '{
    "instance": {"instanceId": "tiny", "hostName": "127.0.0.1", "app": "INFERENCE-SERVICE", "ipAddr": "127.0.0.1",
      "vipAddress": "inference-service", "secureVipAddress": "inference-service", "status": "UP",
      "port": {"$": '"$backend"', "@enabled": "true"}, "securePort": {"$": 443, "@enabled": "false"},
      "dataCenterInfo": {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
      "leaseInfo": {"renewalIntervalInSecs": 3600, "durationInSecs": 7200},
      "metadata": {"models-ready": "tiny-add:1", "models-known": ""}}}'
else
  "$root/fleet" bench-tiny-model "$work/models" >/dev/null
  start backend inference-service "$backend" "$eureka" --fleet.inference.models="$work/models"
  await backend "http://127.0.0.1:$backend/v2/models/tiny-add/ready"
fi

path=/v2/models/tiny-add/infer
gateway() { # name, port, arguments...
  local name=$1 port=$2
  shift 2
  FLEET_JAVA_OPTIONS=-Dreactor.netty.ioWorkerCount=1 start "$name" gateway-service "$port" "$eureka" \
    --eureka.client.register-with-eureka=false "$@"
  await "$name" "http://127.0.0.1:$port/v2/health/ready"
}
open=$(free_port)
gateway open "$open"
keys=$(free_port)
gateway keys "$keys" --fleet.gateway.security.keys="$work/keys.file"
tokens=$(free_port)
gateway tokens "$tokens" --fleet.gateway.security.jwt.issuer="http://127.0.0.1:$issuer" \
  --fleet.gateway.security.jwt.audience=onnx-fleet

cat >"$work/post.lua" <<'LUA'
local credentials, turn = {}, 0
function init(arguments)
  for line in io.lines(arguments[1]) do credentials[#credentials + 1] = "Bearer " .. line end
end
local body = '{"inputs":[{"name":"x","shape":[1,8],"datatype":"FP32","data":[1,2,3,4,5,6,7,8]}]}'
-- Made once: what the load generator computes for a request is the same for every gateway.
local made = {}
function request()
  turn = turn % #credentials + 1
  local text = made[turn]
  if not text then
    text = wrk.format("POST", nil, {["Content-Type"] = "application/json", ["Authorization"] = credentials[turn]}, body)
    made[turn] = text
  end
  return text
end
function done(summary, latency, requests)
  local errors = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("RESULT %.1f %.1f %.1f %d %d\n", latency:percentile(50), latency:percentile(99),
    summary.requests * 1e6 / summary.duration, errors, summary.requests))
end
LUA

# The open gateway is sent the same headers as its pair, since they cost something to read as well.
measure() { # gateway credentials seconds: p50 us, p99 us, requests/s, errors, CPU us of the gateway for a request
  local before result
  before=$(cpu "$1")
  result=$(wrk -t1 -c"$clients" -d"$3"s -s "$work/post.lua" "http://127.0.0.1:${!1}$path" -- "$2" |
    sed -n 's/^RESULT //p')
  awk -v cpu=$(($(cpu "$1") - before)) '{ print $1, $2, $3, $4, cpu / $5 }' <<<"$result"
}

# In turns, so that all of them are as old when the first is measured.
for _ in $(seq 4); do
  for pair in "open $work/keys" "keys $work/keys" "open $work/tokens" "tokens $work/tokens"; do
    # shellcheck disable=SC2086 # two words
    measure $pair $(((warm_up + 3) / 4)) >/dev/null
  done
done
for round in $(seq "$rounds"); do
  for kind in keys tokens; do
    doors="open $kind"
    [ $((round % 2)) = 1 ] || doors="$kind open"
    for gateway in $doors; do
      door=with
      [ "$gateway" != open ] || door=open
      echo "$kind $door $round $(measure "$gateway" "$work/$kind" "$seconds")" >>"$work/results"
    done
  done
done

awk -v rounds="$rounds" '
  function median(list, n,    i, j, t, v) {
    split(list, v, " ")
    for (i = 1; i <= n; i++) for (j = i + 1; j <= n; j++) if (v[j] + 0 < v[i] + 0) { t = v[i]; v[i] = v[j]; v[j] = t }
    return v[int((n + 1) / 2)]
  }
  { rate[$1, $2, $3] = $6; p50[$1, $2, $3] = $4; errors[$1] += $7; cpu[$1, $2, $3] = $8 }
  END {
    print "1,000 in turn  requests/s without  with  cost in throughput  in p50  CPU us without  with  errors"
    split("keys tokens", kinds, " ")
    for (k = 1; k <= 2; k++) {
      kind = kinds[k]; a = b = c = d = e = f = ""
      for (r = 1; r <= rounds; r++) {
        a = a " " rate[kind, "open", r]; b = b " " rate[kind, "with", r]
        c = c " " (rate[kind, "open", r] / rate[kind, "with", r] - 1) * 100
        d = d " " (p50[kind, "with", r] / p50[kind, "open", r] - 1) * 100
        e = e " " cpu[kind, "open", r]; f = f " " cpu[kind, "with", r]
      }
      printf "%-14s %18.0f %6.0f %18.1f%% %7.1f%% %15.1f %6.1f %6d\n", kind, median(a, rounds), median(b, rounds),
        median(c, rounds), median(d, rounds), median(e, rounds), median(f, rounds), errors[kind]
    }
  }' "$work/results"
