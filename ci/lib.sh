# What the checks have in common. Sourced from the repository's root.
# shellcheck shell=bash

# Facts and scripts about this kind of machine, where there are some.
shared=${FLEET_SHARED:-$(cd ../shared 2>/dev/null && pwd -P || true)}
work=$PWD/target/ci
mkdir -p "$work"
# Images of others, unless the environment names them.
while IFS='=' read -r variable image; do
  case $variable in '' | \#*) continue ;; esac
  [ -n "${!variable:-}" ] || printf -v "$variable" %s "$image"
done <docker/images.env
unset variable image

# The distribution's modules may belong to another python3 than the first one on the path.
python=python3
"$python" -c 'import yaml' 2>/dev/null || python=/usr/bin/python3

say() { printf '%s\n' "$*"; }

fail() { # what, what to do
  printf 'FAILED: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf '  %s\n' "$2" >&2
  exit 1
}

await() { # seconds, what, command...: until it succeeds
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ $SECONDS -lt $end ] || fail "$what: not so in time" "the command was: $*"
    sleep 0.5
  done
}

free_port() {
  "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

require_docker() {
  docker info >/dev/null 2>&1 && docker compose version >/dev/null 2>&1 ||
    fail "no Docker engine with Compose v2 answers" "ci/engine up starts one"
}

# The load generator of this build: open loop, exit code 3 if more than the allowed share failed.
load() { # url, options...
  local url=$1
  shift
  JAVA_HOME=${JAVA_HOME:-$(./fleet java-home)} ./fleet bench --url "$url" --timeout 15 --warm-up 1 "$@"
}

embedding_of() { # url
  curl -fsS --max-time 20 "$1/v1/embeddings" -H 'Content-Type: application/json' \
    ${FLEET_API_KEY:+-H "Authorization: Bearer $FLEET_API_KEY"} \
    -d '{"model": "all-minilm-l6-v2", "input": "Hello, fleet"}'
}

require_embedding() { # url: a vector of 384 numbers and of length 1
  embedding_of "$1" | "$python" -c '
import json, math, sys
vector = json.load(sys.stdin)["data"][0]["embedding"]
length = math.sqrt(sum(x * x for x in vector))
assert len(vector) == 384 and abs(length - 1) < 1e-3, (len(vector), length)
print("an embedding of 384 numbers, length %.4f" % length)' || fail "no embedding from $1"
}
