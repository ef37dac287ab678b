# What benchmarks that start processes of their own have in common. Sourced first; ends all of them, and its folder, on exit.
# shellcheck shell=bash

# shellcheck disable=SC2034 # used by those who source it
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
java=$("$root/fleet" java-home)/bin/java
# The models, and each process's output as NAME.log.
work=$(mktemp -d)
declare -A pids

end_processes() {
  local pid
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap end_processes EXIT

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 1
}

free_port() { # one that nobody listens on
  local port
  while :; do
    port=$((20000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

background() { # name, command...
  local name=$1
  shift
  "$@" </dev/null >>"$work/$name.log" 2>&1 9>&- &
  pids[$name]=$!
}

# A process of the fleet, on 127.0.0.1 unless `address` says otherwise, and of this checkout unless `checkout` does;
# FLEET_JAVA_OPTIONS go to its JVM.
start() { # name, module, port, arguments...
  local name=$1 module=$2 port=$3
  shift 3
  (cd "${checkout:-$root}/$module/target/layout" && exec "$java" @jvm.args ${FLEET_JAVA_OPTIONS:-} @application.args \
    --server.port="$port" --server.address="${address:-127.0.0.1}" "$@") </dev/null >>"$work/$name.log" 2>&1 9>&- &
  pids[$name]=$!
}

await() { # name, url
  local i
  for i in $(seq 1200); do
    ! curl -fs -o /dev/null --max-time 2 "$2" || return 0
    kill -0 "${pids[$1]}" 2>/dev/null || break
    sleep 0.1
  done
  fail "$1 did not start: $(tail -n 1 "$work/$1.log")"
}

# What its compilers take is left out: it would be counted with whoever is measured while they are at it.
cpu() { # name: the process's CPU time so far, us
  grep -hv '(C[12] Comp' /proc/"${pids[$1]}"/task/*/stat |
    awk -v ticks="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); used += $12 + $13 } END { printf "%.0f", used * 1e6 / ticks }'
}
