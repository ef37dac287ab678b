#!/usr/bin/env bash
#
# Old and new at once, as during every update: the gateway of an older checkout over this checkout's replicas, and the
# reverse, then both gateways and both replicas in one fleet, while models are loaded and unloaded. No request may fail.
# Both checkouts must be built; the registry is this one's. Needs curl and python3.
#
#   benchmarks/old-and-new.sh OLD_CHECKOUT [REQUESTS]

set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/processes.sh"
old=$(cd "${1:?an older checkout, built}" && pwd -P)
requests=${2:-200}
declare -A ports

serve() { # name, checkout, module, path that answers once it serves, arguments...
  local name=$1 of=$2 module=$3 path=$4
  shift 4
  ports[$name]=$(free_port)
  checkout=$of start "$name" "$module" "${ports[$name]}" "$@"
  await "$name" "http://127.0.0.1:${ports[$name]}$path"
}

stop() { # names...
  local name
  for name in "$@"; do kill -TERM "${pids[$name]}" 2>/dev/null || true; done
  for name in "$@"; do
    wait "${pids[$name]}" 2>/dev/null || true
    unset "pids[$name]"
  done
}

models=$work/models
mkdir "$models"
for model in all-minilm-l6-v2 all-minilm-l6-v2-int8; do cp -r "$root/models/$model" "$models/"; done

serve registry "$root" discovery-server /actuator/health
register=--eureka.client.service-url.defaultZone=http://127.0.0.1:${ports[registry]}/eureka/

replica() { # name, checkout
  serve "$1" "$2" inference-service /v2/health/ready "$register" --fleet.inference.models="$models" --fleet.inference.cpus=1
}

gateway() { # name, checkout: administration is open to one token
  serve "$1" "$2" gateway-service /v2/health/ready "$register" --fleet.gateway.administration.token=old-and-new
}

cat >"$work/calls.py" <<'PYTHON'
"""Calls through gateways: calls.py REQUESTS NAME=PORT... prints what failed and ends with 1 if anything did."""
import base64, json, struct, sys, threading, urllib.error, urllib.request

requests, gateways = int(sys.argv[1]), [pair.split("=") for pair in sys.argv[2:]]
failures, counted, lock = [], [0], threading.Lock()
MODEL = "all-minilm-l6-v2"


def call(port, path, body=None, headers=(), method=None):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=dict(headers), method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.read(), answer.headers


def floats(vector):
    return list(struct.unpack(f"<{len(vector) // 4}f", vector))


def near(left, right):
    return len(left) == len(right) and max(abs(a - b) for a, b in zip(left, right)) < 1e-3


def check(what, right):
    if not right:
        raise AssertionError(what)


def embeddings(port, reference):
    text = {"model": MODEL, "input": ["old and new"], "encoding_format": "base64"}
    headers = {"Content-Type": "application/json", "Inference-Priority": "7", "Inference-Deadline-Ms": "60000", "X-Later": "1"}
    answer, told = call(port, "/v1/embeddings", json.dumps(text).encode(), headers)
    vector = floats(base64.b64decode(json.loads(answer)["data"][0]["embedding"]))
    check("another vector", near(vector, reference))
    check("no request id", told["X-Request-Id"])


def tensors(port, binary):
    ids, shape = [101, 2214, 1998, 2047, 102], [1, 5]
    inputs = []
    tail = b""
    for name, values in (("input_ids", ids), ("attention_mask", [1] * 5), ("token_type_ids", [0] * 5)):
        tensor = {"name": name, "shape": shape, "datatype": "INT64"}
        if binary:
            packed = struct.pack("<5q", *values)
            tensor["parameters"] = {"binary_data_size": len(packed)}
            tail += packed
        else:
            tensor["data"] = values
        inputs.append(tensor)
    body = {"id": "x", "parameters": {"priority": 1, "binary_data_output": binary}, "inputs": inputs}
    head = json.dumps(body).encode()
    headers = {"Inference-Header-Content-Length": str(len(head))} if binary else {}
    answer, told = call(port, f"/v2/models/{MODEL}/infer", head + tail, headers)
    length = int(told.get("Inference-Header-Content-Length", len(answer)))
    output = json.loads(answer[:length])["outputs"][0]
    values = floats(answer[length:]) if binary else output["data"]
    check("shape", output["shape"][:2] == [1, 5] and len(values) == 5 * output["shape"][2])
    return values


def refused(port, path, status, body=None, method=None):
    try:
        call(port, path, body, method=method)
    except urllib.error.HTTPError as error:
        said = json.loads(error.read())
        check(f"{path}: {error.code} {said} (expected {status})", error.code == status and "error" in said)
        return
    raise AssertionError(f"{path}: answered (expected {status})")


def questions(port):
    check("metadata", json.loads(call(port, f"/v2/models/{MODEL}")[0])["platform"] == "onnxruntime_onnx")
    check("index", any(m["name"] == MODEL and m["state"] == "READY" for m in json.loads(call(port, "/v2/repository/index", b"")[0])))
    check("models", any(m["id"] == MODEL for m in json.loads(call(port, "/v1/models")[0])["data"]))
    check("statistics", json.loads(call(port, f"/v2/models/{MODEL}/stats")[0])["model_stats"][0]["name"] == MODEL)
    call(port, f"/v2/models/{MODEL}/ready")
    refused(port, "/v2/models/none/infer", 404, b"{}")
    refused(port, f"/v2/models/{MODEL}/infer", 400, b"{")
    refused(port, "/v1/embeddings", 404, json.dumps({"model": "none", "input": "a"}).encode())
    refused(port, "/v2/nowhere", 404)


def attempt(name, what, work):
    try:
        result = work()
        with lock:
            counted[0] += 1
        return result
    except Exception as failure:
        with lock:
            failures.append(f"{name}: {what}: {type(failure).__name__} {failure}")


first = gateways[0][1]
answer, _ = call(first, "/v1/embeddings", json.dumps({"model": MODEL, "input": ["old and new"]}).encode(), {"Content-Type": "application/json"})
reference = json.loads(answer)["data"][0]["embedding"]
plain = tensors(first, False)


def worker(name, port, number):
    for index in range(requests // 4):
        kind = (index + number) % 3
        if kind == 0:
            attempt(name, "embeddings", lambda: embeddings(port, reference))
        else:
            attempt(name, "tensors", lambda: check("other values", near(tensors(port, kind == 1), plain)))


def administrator(name, port):
    for change in ("unload", "load", "unload", "load"):
        path = f"/v2/repository/models/{MODEL}-int8/{change}"
        attempt(name, change, lambda: call(port, path, b"", {"Authorization": "Bearer old-and-new"}))


threads = []
for name, port in gateways:
    attempt(name, "questions", lambda: questions(port))
    threads += [threading.Thread(target=worker, args=(name, port, number)) for number in range(4)]
    threads.append(threading.Thread(target=administrator, args=(name, port)))
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for name, port in gateways:
    attempt(name, "questions", lambda: questions(port))
print(f"{counted[0]} calls as they should be, {len(failures)} failed")
print("\n".join(sorted(set(failures))[:20]))
sys.exit(1 if failures else 0)
PYTHON

run() { # what, gateways...
  local what=$1 name pairs=()
  shift
  for name in "$@"; do pairs+=("$name=${ports[$name]}"); done
  printf '%-48s' "$what"
  python3 "$work/calls.py" "$requests" "${pairs[@]}" || result=1
}

served() { # replicas, gateways: each gateway knows that many replicas
  local count=$1 name i
  shift
  for name in "$@"; do
    for i in $(seq 300); do
      [ "$(curl -fs "http://127.0.0.1:${ports[$name]}/actuator/prometheus" |
        sed -n 's/^fleet_gateway_replicas\(_registered\)\?\({[^}]*}\)\? \([0-9]*\).*/\3/p' | head -n 1)" != "$count" ] || break
      sleep 0.1
    done
  done
}

result=0
replica new-replica "$root"
gateway old-gateway "$old"
run "the old gateway, a new replica:" old-gateway
stop new-replica old-gateway
replica old-replica "$old"
gateway new-gateway "$root"
run "the new gateway, an old replica:" new-gateway
gateway old-gateway "$old"
replica new-replica "$root"
served 2 old-gateway new-gateway
run "both gateways, both replicas:" old-gateway new-gateway
exit $result
