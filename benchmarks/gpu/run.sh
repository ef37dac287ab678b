#!/usr/bin/env bash
#
# What the fleet does on a GPU, as tables. Needs what pack.sh packed, an NVIDIA driver, and no network.
#
#   run.sh [SECTION...]
#
#   correct     every sample model against its stored outputs, and how many nodes fell to the CPU
#   batch       throughput and p99 against batch size: MiniLM in three precisions, ResNet-50; raw ONNX Runtime beside it
#   saturation  the fleet over raw ONNX Runtime at its best, and dynamic batching over none
#   instances   one, two and four instances on one device
#   pinned      page-locked host memory on and off, and what is said of CUDA graphs
#   shapes      the first request of each new shape, with and without the shape ladder
#   server      the highest rate of Poisson arrivals whose p99 keeps a bound (MLPerf's server scenario)
#   soak        device memory under changing shapes; out of device memory; a model too large for the device
#
# Without a section: all of them. PROVIDER=cpu runs the same on this machine's CPUs. PIECES: the folder of the pieces
# (beside this script). WORK (/tmp/onnx-fleet-gpu): where they are unpacked. SECONDS_PER_POINT (10), ROUNDS (3), BATCHES
# (1,2,4,8,16,32,64), CALLERS (256; 64 on CPUs), BOUND_MS (100), SOAK_SECONDS (600), MODELS (of batch and server).

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
command="$(basename "$0") $*"
provider=${PROVIDER:-cuda}
pieces=${PIECES:-$here}
work=${WORK:-/tmp/onnx-fleet-gpu}
bundle=$work/bundle
logs=$work/logs
point=${SECONDS_PER_POINT:-10}
rounds=${ROUNDS:-3}
batches=${BATCHES:-1,2,4,8,16,32,64}
bound=${BOUND_MS:-100}
soak_seconds=${SOAK_SECONDS:-600}
minilm=all-minilm-l6-v2
models=${MODELS:-$minilm $minilm-fp16 $minilm-int8 resnet50}
host=127.0.0.1
sections='correct batch saturation instances pinned shapes server soak'
started=()
registry=(--eureka.client.enabled=false)

fail() {
  printf 'run.sh: %s\n' "$*" >&2
  exit 1
}

say() { printf '%s\n' "$*"; }

note() { printf '%s\n' "$*" >&2; }

# ---------------------------------------------------------------- what was packed

unpack() {
  if [ -f "$work/unpacked" ] && cmp -s "$work/unpacked" "$pieces/pieces.sha256"; then
    return 0
  fi
  rm -rf "$bundle" "$work/unpacked"
  mkdir -p "$work"
  note "joining and unpacking into $work"
  bash "$here/pieces" join "$pieces" "$work/bundle.tar.gz"
  tar -C "$work" -xzf "$work/bundle.tar.gz"
  rm -f "$work/bundle.tar.gz"
  # The options were written for a container's folders.
  sed -i "s|/app/native|$bundle/native|; s|/app/lib/native|$bundle/app/gateway-service/lib/native|" "$bundle"/app/*/jvm.args
  cp "$pieces/pieces.sha256" "$work/unpacked"
}

launcher() { # module, arguments...: one of the load generator's commands
  (
    cd "$bundle/app/benchmarks"
    exec "$bundle/java/bin/java" -Donnxfleet.directory="$work" @jvm.args -Xmx2g @application.args "$@"
  )
}

# ---------------------------------------------------------------- the machine

check_machine() {
  local said
  said=$(launcher providers) || fail "ONNX Runtime does not load: $said"
  note "$said"
  case $provider in
  cpu) ;;
  cuda)
    said=$(printf '%s\n' "$said" | sed -n 's/^cuda: //p')
    [ "$said" = 'can be used' ] ||
      fail "CUDA cannot be used here: $said. Needed are NVIDIA's driver (525 or newer) and the libraries of CUDA 12 and cuDNN 9; PROVIDER=cpu runs the same on CPUs"
    ;;
  *) fail "PROVIDER=$provider (expected: cuda or cpu)" ;;
  esac
}

describe() {
  local device='no GPU' commit cuda
  commit=$(sed -n 's/^commit=//p' "$bundle/about")
  cuda=$(sed -n 's/^cuda=//p' "$bundle/about")
  if [ "$provider" = cuda ]; then
    device="$(nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>/dev/null | head -n 1 || true)"
    device="${device:-a device that nvidia-smi does not tell of}, libraries of $cuda"
  fi
  say "# $provider, $(date -u +%F)"
  say
  say "- device, memory, driver: $device"
  say "- host: $(uname -sm), $(nproc) CPUs, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
  say "- commit: $commit; command: \`PROVIDER=$provider $command\`; $point s a point, $rounds rounds"
}

# ---------------------------------------------------------------- processes

is_taken() { (exec 3<>"/dev/tcp/$host/$1") 2>/dev/null; }

free_port() {
  local port
  for _ in $(seq 100); do
    port=$((20000 + RANDOM % 12000))
    if ! is_taken $port; then
      printf '%s' $port
      return 0
    fi
  done
  fail "no free port found"
}

start() { # module, name, port, arguments...; sets pid
  local module=$1 name=$2 port=$3
  shift 3
  (
    cd "$bundle/app/$module"
    exec "$bundle/java/bin/java" @jvm.args ${JVM_OPTIONS:--Xmx4g} @application.args --server.port="$port" --server.address=$host "$@" \
      >"$logs/$name.log" 2>&1 </dev/null
  ) &
  pid=$!
  started+=("$pid")
}

stop_all() {
  local each
  for each in ${started[@]+"${started[@]}"}; do
    kill "$each" 2>/dev/null || true
  done
  for each in ${started[@]+"${started[@]}"}; do
    wait "$each" 2>/dev/null || true
  done
  started=()
}

end() {
  local code=$?
  trap - EXIT
  stop_all
  exit $code
}

await() { # seconds, name, pid, url
  local until=$((SECONDS + $1))
  until curl_ok "$4"; do
    kill -0 "$3" 2>/dev/null || fail "$2 died: $(grep -E 'ERROR|Caused by' "$logs/$2.log" | tail -n 2)"
    [ $SECONDS -lt $until ] || fail "$2 is not ready after $1 s: $(tail -n 3 "$logs/$2.log")"
    sleep 0.2
  done
}

# Not every machine has curl; the status line suffices.
curl_ok() { # http://host:port/path
  local rest=${1#http://} address path
  address=${rest%%/*}
  path=/${rest#*/}
  { exec 3<>"/dev/tcp/${address%:*}/${address#*:}"; } 2>/dev/null || return 1
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$path" "$address" >&3 2>/dev/null || return 1
  local line
  IFS= read -r -t 5 line <&3 || line=
  exec 3<&- 3>&-
  case $line in *' 200'*) return 0 ;; *) return 1 ;; esac
}

start_replica() { # name, models, arguments...; sets replica and replica_pid
  local name=$1 folder=$2 port
  shift 2
  port=$(free_port)
  start inference-service "$name" "$port" "${registry[@]}" --fleet.inference.models="$folder" --fleet.inference.trial.enabled=false \
    --fleet.inference.execution-providers="$provider" --fleet.inference.required="$provider" \
    --fleet.inference.graph-cache="$work/graphs" "$@"
  replica=http://$host:$port
  replica_pid=$pid
  await 600 "$name" "$replica_pid" "$replica/v2/health/ready"
}

# A registry, a gateway and one replica.
start_fleet() { # models, arguments...; sets gateway too
  local folder=$1 discovery gateway_port
  shift
  discovery=$(free_port)
  start discovery-server discovery "$discovery"
  await 120 discovery "$pid" "http://$host:$discovery/actuator/health"
  registry=(--eureka.client.service-url.defaultZone="http://$host:$discovery/eureka/")
  start_replica replica "$folder" "$@"
  gateway_port=$(free_port)
  gateway=http://$host:$gateway_port
  start gateway-service gateway "$gateway_port" "${registry[@]}"
  registry=(--eureka.client.enabled=false)
  await 120 gateway "$pid" "$gateway/v2/models/$minilm/ready"
}

fresh_models() { # sets folder
  folder=$work/models
  rm -rf "$folder"
  mkdir -p "$folder"
}

take() { # model [new name]
  cp -al "$bundle/models/$1" "$folder/${2:-$1}" 2>/dev/null || cp -a "$bundle/models/$1" "$folder/${2:-$1}"
}

configure() { # model, lines of config.pbtxt...
  local model=$1
  shift
  rm -f "$folder/$model/config.pbtxt"
  printf '%s\n' "$@" >"$folder/$model/config.pbtxt"
}

# Batches as large as the largest that raw ONNX Runtime is tried with.
batched() { # model, further lines of config.pbtxt...
  local model=$1
  shift
  configure "$model" "max_batch_size: ${batches##*,}" 'dynamic_batching { }' "$@"
}

# ---------------------------------------------------------------- measuring

bench() { # url, options...: leaves the columns of its one point in $work/point.tsv
  local url=$1
  shift
  launcher bench --url "$url" --duration "$point" --max-errors 1 --result "$work/point.tsv" "$@" >"$logs/bench.txt" 2>&1 ||
    fail "bench $*: $(tail -n 2 "$logs/bench.txt")"
}

field() { # column
  awk -F '\t' -v column="$1" 'NR == 1 { for (i = 1; i <= NF; i++) place[$i] = i } END { print $(place[column]) }' "$work/point.tsv"
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "-" }'; }

over() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else print "-" }'; }

callers() { if [ -n "${CALLERS:-}" ]; then say "$CALLERS"; elif [ "$provider" = cuda ]; then say 256; else say 64; fi; }

# Every CPU at work, where CPUs do it; on a device one session, more in the section of saturation.
usual_split() { if [ "$provider" = cuda ]; then say 1x1; else say "$(nproc)x1"; fi; }

raw() { # model, options...: leaves its table in $work/raw.tsv, best first
  local model=$1
  shift
  launcher raw --provider "$provider" --file "$bundle/models/$model/1/model.onnx" --result "$work/raw.tsv" "$@" >"$logs/raw.txt" 2>&1 ||
    fail "raw $model: $(tail -n 2 "$logs/raw.txt")"
}

begin() {
  say
  say "## $1"
  say
}

group() { # instances
  if [ "$provider" = cuda ]; then
    say "instance_group { count: $1 kind: KIND_GPU gpus: [ 0 ] }"
  else
    say "instance_group { count: $1 kind: KIND_CPU }"
  fi
}

# ---------------------------------------------------------------- sections

correct() {
  begin correct
  local code=0 exact=()
  # Sums in TF32 keep ten bits of a number, so what is compared to a thousandth is computed without.
  [ "$provider" != cuda ] || exact=(--fleet.inference.provider-options.cuda.use_tf32=0)
  start_replica correct "$bundle/repository" ${exact[@]+"${exact[@]}"} --fleet.inference.memory-budget=16GB \
    --fleet.inference.max-body-size=512MB --fleet.inference.max-tensor-memory=8GB
  launcher check --url "$replica" --stored "$bundle/stored" --provider "$provider" || code=$?
  stop_all
  if [ "$provider" = cuda ]; then
    say
    say "The same with TF32, the provider's default (2e-2 relative):"
    say
    start_replica correct-tf32 "$bundle/repository" --fleet.inference.memory-budget=16GB \
      --fleet.inference.max-body-size=512MB --fleet.inference.max-tensor-memory=8GB
    launcher check --url "$replica" --stored "$bundle/stored" --provider "$provider" --relative 2e-2 --absolute 1e-3 || true
    stop_all
  fi
  return $code
}

batch() {
  begin batch
  local model size
  fresh_models
  for model in $models; do
    take "$model"
    batched "$model"
  done
  start_replica batch "$folder" --fleet.inference.max-body-size=256MB
  say "| Model | Batch | Raw rows/s | Raw p50 ms | Raw p99 ms | Replica rows/s | Replica p50 ms | Replica p99 ms |"
  say "|---|---:|---:|---:|---:|---:|---:|---:|"
  for model in $models; do
    raw "$model" --split "$(usual_split)" --batch "$batches" --duration "$point"
    for size in ${batches//,/ }; do
      bench "$replica" --model "$model" --rows "$size" --concurrency 2 --warm-up 3
      say "| $model | $size | $(awk -F '\t' -v batch="$size" '$2 == batch { printf "%.1f | %.2f | %.2f", $3, $4, $5 }' "$work/raw.tsv") | $(
        awk -v rows="$size" -v answers="$(field answers)" 'BEGIN { printf "%.1f", rows * answers }') | $(field p50) | $(field p99) |"
    done
  done
  stop_all
}

saturation() {
  begin saturation
  local round split best size candidate
  declare -A figures=()
  fresh_models
  take $minilm
  batched $minilm
  take $minilm unbatched
  configure unbatched 'max_batch_size: 1'
  split=$(usual_split)
  [ "$provider" != cuda ] || split=1x1,2x1,4x1
  raw $minilm --split "$split" --batch "$batches" --duration "$point"
  best=$(sed -n '2s/\([^\t]*\)\t\([^\t]*\)\t.*/--split \1 --batch \2/p' "$work/raw.tsv")
  note "raw at its best: $best"
  start_fleet "$folder"
  # JVMs compile what is hot at first; the figures are of servers that run for a while.
  bench "$replica" --model $minilm --concurrency "$(callers)" --warm-up "${WARM_UP:-30}"
  bench "$gateway" --model $minilm --concurrency "$(callers)" --warm-up "${WARM_UP:-30}"
  for round in $(seq "$rounds"); do
    # shellcheck disable=SC2086 # options are words
    raw $minilm $best --duration "$point"
    figures[raw]+=" $(awk -F '\t' 'NR == 2 { print $3 }' "$work/raw.tsv")"
    for candidate in replica gateway; do
      bench "${!candidate}" --model $minilm --concurrency "$(callers)"
      figures[$candidate]+=" $(field answers)"
      figures[$candidate.p99]+=" $(field p99)"
      figures[$candidate.batch]+=" $(field batch)"
    done
    bench "$replica" --model unbatched --concurrency "$(callers)"
    figures[unbatched]+=" $(field answers)"
    figures[unbatched.p99]+=" $(field p99)"
    figures[unbatched.batch]+=" $(field batch)"
    note "round $round of $rounds done"
  done
  say "| $minilm, 32 tokens, $(callers) callers | Rows/s | Over raw | p99 ms | Mean batch |"
  say "|---|---:|---:|---:|---:|"
  declare -A middle=()
  for candidate in raw replica gateway unbatched; do
    middle[$candidate]=$(tr ' ' '\n' <<<"${figures[$candidate]# }" | median)
    size=$([ $candidate = raw ] && sed 's/.*--batch //' <<<"$best" || tr ' ' '\n' <<<"${figures[$candidate.batch]# }" | median)
    say "| $candidate | ${middle[$candidate]} | $(over "${middle[$candidate]}" "${middle[raw]}") | $(
      [ $candidate = raw ] && say - || tr ' ' '\n' <<<"${figures[$candidate.p99]# }" | median) | $size |"
  done
  say
  say "- fleet over raw ONNX Runtime ($best): **$(over "${middle[gateway]}" "${middle[raw]}")** (bar: 0.90)"
  say "- dynamic batching over none: **$(over "${middle[replica]}" "${middle[unbatched]}")** (Triton's guide: 3.3 to 3.7)"
  stop_all
}

instances() {
  begin instances
  local count
  say "| Instances | Rows/s | p50 ms | p99 ms | Mean batch |"
  say "|---:|---:|---:|---:|---:|"
  for count in 1 2 4; do
    fresh_models
    take $minilm
    batched $minilm "$(group $count)"
    start_replica "instances-$count" "$folder"
    bench "$replica" --model $minilm --concurrency "$(callers)" --warm-up "${WARM_UP:-30}"
    say "| $count | $(field answers) | $(field p50) | $(field p99) | $(field batch) |"
    stop_all
  done
}

pinned() {
  begin pinned
  local setting model
  fresh_models
  take $minilm
  take resnet50
  say "| Host memory | Model | Rows of a request | Rows/s | p50 ms | p99 ms |"
  say "|---|---|---:|---:|---:|---:|"
  for setting in 0 1; do
    start_replica "pinned-$setting" "$folder" --fleet.inference.max-body-size=256MB \
      --fleet.inference.provider-options.cuda.pinned_host_memory=$setting
    for model in $minilm resnet50; do
      bench "$replica" --model "$model" --rows 16 --concurrency 8 --warm-up "${WARM_UP:-30}"
      say "| $([ $setting = 1 ] && say 'page-locked' || say 'pageable') | $model | 16 | $(
        awk -v answers="$(field answers)" 'BEGIN { printf "%.1f", 16 * answers }') | $(field p50) | $(field p99) |"
    done
    ! grep -q 'not page-locked\|locks no memory' "$logs/pinned-$setting.log" ||
      say "- the second half is not page-locked: $(grep -o 'pinned_host_memory: .*\|CUDA locks no memory.*' "$logs/pinned-$setting.log" | head -n 1)"
    stop_all
  done
  say
  say "- CUDA graphs: \`enable_cuda_graph\` is refused by name; a captured graph reads the device memory of the run that was captured"
}

shapes() {
  begin shapes
  fresh_models
  take $minilm ladder
  take $minilm no-ladder
  configure ladder 'parameters { key: "shape_ladder" value { string_value: "on" } }'
  configure no-ladder 'parameters { key: "shape_ladder" value { string_value: "off" } }'
  start_replica shapes "$folder"
  # The code of the way there is warm first, with the shape of the warm-up run.
  bench "$replica" --model ladder --concurrency 1 --tokens 16 --warm-up 5
  bench "$replica" --model no-ladder --concurrency 1 --tokens 16 --warm-up 5
  launcher shapes --url "$replica" --model no-ladder,ladder
  stop_all
}

server() {
  begin server
  local model
  fresh_models
  for model in $models; do
    take "$model"
    batched "$model"
  done
  start_replica server "$folder"
  for model in $models; do
    bench "$replica" --model "$model" --concurrency "$(callers)" --warm-up "${WARM_UP:-30}"
    launcher server --url "$replica" --model "$model" --bound-ms "$bound" --callers "$(callers)" --duration "$point" ||
      say "$model: no rate that was tried keeps the bound"
    say
  done
  stop_all
}

# MiB in use: on the device, which here belongs to nobody else, or of the process.
memory() {
  if [ "$provider" = cuda ]; then
    nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits -i 0
  else
    awk '/^RssAnon/ { printf "%d\n", $2 / 1024 }' "/proc/$replica_pid/status"
  fi
}

soak() {
  begin soak
  local load_pid until next table=$work/soak.tsv
  [ "$provider" != cuda ] || command -v nvidia-smi >/dev/null || fail "nvidia-smi is missing (soak reads the device's memory by it)"
  fresh_models
  take $minilm
  take zeros
  start_replica soak "$folder"
  bench "$replica" --model $minilm --concurrency 16 --tokens 8:128 --rows 1:4 --warm-up 5
  launcher bench --url "$replica" --model $minilm --concurrency 16 --tokens 8:128 --rows 1:4 --warm-up 0 --window 10 \
    --duration "$soak_seconds" --max-errors 0 >"$logs/soak.txt" 2>&1 &
  load_pid=$!
  printf 'second\tMiB\n' >"$table"
  local from=$SECONDS
  until=$((SECONDS + soak_seconds))
  next=$SECONDS
  while [ $SECONDS -lt $until ] && kill -0 $load_pid 2>/dev/null; do
    if [ $SECONDS -ge $next ]; then
      printf '%s\t%s\n' $((SECONDS - from)) "$(memory)" >>"$table"
      next=$((next + (soak_seconds >= 200 ? 10 : 2)))
    fi
    sleep 0.5
  done
  wait $load_pid || fail "the load failed: $(tail -n 2 "$logs/soak.txt")"
  awk -F '\t' -v whole="$soak_seconds" -v what="$([ "$provider" = cuda ] && say 'device memory' || say 'memory that is no file')" '
    NR > 1 && $1 >= whole / 2 {
      n++; x += $1; y += $2; xx += $1 ^ 2; xy += $1 * $2
      if (n == 1 || $2 < least) least = $2
      if ($2 > most) most = $2
    }
    END {
      slope = n > 1 ? (n * xy - x * y) / (n * xx - x * x) : 0
      start = (y - slope * x) / n + slope * whole / 2
      print "| Over " whole " s | Second half, MiB | Samples | Growth in the second half, by a line |"
      print "|---|---:|---:|---:|"
      printf "| %s | %d to %d | %d | **%.2f %%** |\n", what, least, most, n, 100 * slope * whole / 2 / start
    }' "$table"
  say
  out_of_memory
  stop_all
  too_large
}

# One request for 64 TiB of zeros, while others are answered.
out_of_memory() {
  local load_pid body said
  launcher bench --url "$replica" --model $minilm --rate 20 --warm-up 1 --duration 9 --max-errors 0 >"$logs/beside.txt" 2>&1 &
  load_pid=$!
  sleep 4
  body='{"inputs":[{"name":"n","shape":[1],"datatype":"INT64","data":[17592186044416]}]}'
  said=$(post "$replica/v2/models/zeros/infer" "$body")
  wait $load_pid && beside='none failed' || beside="some failed: $(tail -n 1 "$logs/beside.txt")"
  say "- out of memory: \`$said\`; of the requests beside it $beside"
}

post() { # http://host:port/path body: status and body in a line
  local rest=${1#http://} address
  address=${rest%%/*}
  exec 3<>"/dev/tcp/${address%:*}/${address#*:}"
  printf 'POST /%s HTTP/1.0\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' \
    "${rest#*/}" "$address" ${#2} "$2" >&3
  tr -d '\r' <&3 | awk 'NR == 1 { status = $2 } body { print status " " $0 } /^$/ { body = 1 }'
  exec 3<&- 3>&-
}

too_large() {
  if [ "$provider" != cuda ]; then
    say "- a model too large for the device: only where there is a device"
    return 0
  fi
  local port said
  fresh_models
  take $minilm
  take $minilm too-large
  configure too-large 'parameters { key: "gpu_mem_limit" value { string_value: "33554432" } }'
  port=$(free_port)
  start inference-service too-large "$port" "${registry[@]}" --fleet.inference.models="$folder" --fleet.inference.trial.enabled=false \
    --fleet.inference.execution-providers=cuda,cpu
  await 300 too-large "$pid" "http://$host:$port/v2/models/$minilm/ready"
  said=$(grep -o 'too large for device.*' "$logs/too-large.log" | head -n 1)
  say "- a model too large for the device: \`${said:-not refused: see $logs/too-large.log}\`"
  stop_all
}

# ---------------------------------------------------------------- all of it

case ${1:-} in
-h | --help)
  sed -n '3,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit 0
  ;;
esac
# shellcheck disable=SC2086 # sections are words
[ $# -gt 0 ] || set -- $sections
for section in "$@"; do
  case " $sections " in
  *" $section "*) ;;
  *) fail "section '$section' (expected: $sections)" ;;
  esac
done
for tool in tar gzip sha256sum awk sed; do
  command -v $tool >/dev/null || fail "$tool is missing on this machine"
done
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
unpack
mkdir -p "$logs"
export LD_LIBRARY_PATH=$bundle/cuda${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
check_machine
describe
code=0
for section in "$@"; do
  "$section" || code=$?
done
exit $code
