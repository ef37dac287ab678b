#!/usr/bin/env bash
#
# Compares, on this machine and in turn: ONNX Runtime alone in one process, a replica called directly, the whole fleet
# through its gateway, and a plain Spring Boot service with one shared session and no batching (plain-service/).
#
#   benchmarks/compare.sh [SECTION...]
#
#   saturation  all-MiniLM-L6-v2 fp32, one row of 32 tokens, binary, 64 callers: over raw ONNX Runtime at its best;
#               p99 over p50, and how evenly the 64 were served
#   tiny        a model that adds: requests a second over the plain service
#   json        the same MiniLM with JSON in and out, over binary
#   p99         at 0.7 of capacity: batching over not batching
#   goodput     answers within 300 ms at three times the capacity, over the most at any rate; the plain service beside it
#   texts       TEXTS (a file) cut and joined to LENGTHS (10:100) tokens, 64 callers, fp32 and 8 bits: over raw ONNX
#               Runtime with the best batches of like lengths; LangChain4j's model in the plain service beside it
#   soak        memory over ten minutes of changing shapes, while another model is loaded and unloaded
#   start       from process start to first answer; BEFORE names built checkouts to compare with
#
# Without a section: saturation tiny json. Every figure is the median of ROUNDS (3) rounds in which the candidates take
# turns, SECONDS_PER_POINT (10) each; a ratio is the median of the rounds' ratios. JVMs are first warmed up until their
# compilers rest: at least 40 s, at most WARM_UP (180). SOAK_SECONDS (600). Needs a built tree, and no fleet of this
# checkout running. Tables of all rounds are kept under .fleet/compare/.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
rounds=${ROUNDS:-3}
point=${SECONDS_PER_POINT:-10}
warm_up_most=${WARM_UP:-180}
warm_up_least=${WARM_UP_LEAST:-40}
soak_seconds=${SOAK_SECONDS:-600}
before=${BEFORE:-}
texts=${TEXTS:-}
lengths=${LENGTHS:-10:100}

minilm=all-minilm-l6-v2
unbatched=all-minilm-l6-v2-unbatched
int8=all-minilm-l6-v2-int8
loaded=$int8
tiny=tiny-add
host=127.0.0.1
callers=64
work=$root/.fleet/compare
models=$work/models
plain_pid=
fleet_is_up=

fail() {
  printf 'compare.sh: %s\n' "$*" >&2
  exit 1
}

end() {
  local code=$?
  trap - EXIT
  [ -z "$plain_pid" ] || kill "$plain_pid" 2>/dev/null || true
  [ -z "$fleet_is_up" ] || "$root/fleet" down >/dev/null || true
  exit $code
}

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

# ---------------------------------------------------------------- what is compared

copy_model() { # name, new name
  cp -al "$root/models/$1" "$models/$2" 2>/dev/null || cp -a "$root/models/$1" "$models/$2"
}

make_models() {
  rm -rf "$models"
  mkdir -p "$models"
  copy_model $minilm $minilm
  copy_model $minilm $unbatched
  copy_model $loaded $loaded
  # The copies are links: what is written through one changes the model that everybody serves.
  rm -f "$models/$unbatched/config.pbtxt"
  printf 'max_batch_size: 1\n' >"$models/$unbatched/config.pbtxt"
  "$root/fleet" bench-tiny-model "$models"
}

start_fleet() {
  [ -z "$fleet_is_up" ] || return 0
  ! "$root/fleet" status >/dev/null 2>&1 || fail "a fleet of this checkout is running (./fleet down stops it)"
  make_models
  FLEET_REPLICA_PORT=$(free_port)
  FLEET_DISCOVERY_PORT=$(free_port)
  export FLEET_REPLICA_PORT FLEET_DISCOVERY_PORT
  gateway_port=$(free_port)
  fleet_is_up=1
  "$root/fleet" up --no-jobs --replicas 1 --models "$models" --port "$gateway_port" >"$work/fleet.log" ||
    fail "the fleet did not start: $(tail -n 3 "$work/fleet.log")"
  gateway=http://$host:$gateway_port
  replica=http://$host:$FLEET_REPLICA_PORT
  gateway_pid=$(cut -d ' ' -f 1 "$root/.fleet/run/gateway-service")
  replica_pid=$(cut -d ' ' -f 1 "$root/.fleet/run/replica-$FLEET_REPLICA_PORT")
}

start_plain() {
  [ -z "$plain_pid" ] || return 0
  local port layout=$root/benchmarks/plain-service/target/layout
  [ -f "$layout/application.args" ] || fail "the plain service is not built (./mvnw -DskipTests package builds it)"
  port=$(free_port)
  (
    cd "$layout"
    exec "$java" @jvm.args @application.args --server.port="$port" --plain.models="$models" >"$work/plain.log" 2>&1
  ) &
  plain_pid=$!
  plain=http://$host:$port
  for _ in $(seq 600); do
    ! curl -fs -o /dev/null --max-time 2 "$plain/v2/health/ready" 2>/dev/null || return 0
    kill -0 $plain_pid 2>/dev/null || fail "the plain service died: $(tail -n 3 "$work/plain.log")"
    sleep 0.1
  done
  fail "the plain service is not ready after 60 s"
}

# ---------------------------------------------------------------- measuring

# Seconds that a JVM's compilers have worked since its start.
compiled() { # process ids
  local pid
  for pid in "$@"; do
    { "$jcmd" "$pid" PerfCounter.print 2>/dev/null || true; } | sed -n 's/^java.ci.totalTime=//p;s/^sun.os.hrt.frequency=/f /p'
  done | awk '$1 == "f" { frequency = $2; next } { sum += $1 } END { printf "%.3f", frequency ? sum / frequency : 0 }'
}

warm() { # name, url, process ids, options of bench...: until the compilers rest
  local name=$1 url=$2 pids=$3 spent=0 past now began busy slice=${WARM_UP_SLICE:-10}
  shift 3
  # shellcheck disable=SC2086 # process ids are words
  past=$(compiled $pids)
  while :; do
    began=$EPOCHREALTIME
    "$root/fleet" bench --url "$url" --duration $slice --warm-up 0 --max-errors 1 "$@" >/dev/null
    spent=$((spent + slice))
    # shellcheck disable=SC2086
    now=$(compiled $pids)
    busy=$(awk -v now="$now" -v past="$past" -v began="${began/,/.}" -v ended="${EPOCHREALTIME/,/.}" \
      'BEGIN { printf "%.2f", (now - past) / (ended - began) }')
    past=$now
    if [ $spent -ge "$warm_up_least" ] && awk -v busy="$busy" 'BEGIN { exit busy > 0.05 }'; then
      break
    fi
    [ $spent -lt "$warm_up_most" ] || break
  done
  echo "$name: warmed up for $spent s; at the end its compilers kept $busy CPUs busy" >&2
}

# Appends to the section's table: round, candidate, and the columns of bench --result.
measure() { # candidate, round, url, options of bench...
  local candidate=$1 round=$2 url=$3
  shift 3
  "$root/fleet" bench --url "$url" --duration "$point" --max-errors 1 --result "$work/point.tsv" "$@" >"$work/point.txt" ||
    fail "bench: $(cat "$work/point.txt")"
  if [ ! -s "$table" ]; then
    sed -n '1s/^/round\tcandidate\t/p' "$work/point.tsv" >"$table"
  fi
  sed -n "2,\$s/^/$round\t$candidate\t/p" "$work/point.tsv" >>"$table"
}

measure_raw() { # round, options of bench-raw...
  local round=$1
  shift
  "$root/fleet" bench-raw --duration "$point" --result "$work/raw.tsv" "$@" >"$work/raw.txt"
  sed -n "2s/\t/ /gp" "$work/raw.tsv" | while read -r split batch rows _; do
    echo "raw $split, batch $batch, round $round: $rows rows/s" >&2
    printf '%s\traw\t-\t%s\n' "$round" "$rows" >>"$table"
  done
}

begin() { # section
  table=$work/$1.tsv
  : >"$table"
  echo
  echo "## $1"
  echo
}

# One line a candidate: medians over the rounds of some columns.
show() { # columns...
  awk -F '\t' -v columns="$*" '
    function median(list, count,   i, j, swap) {
      for (i = 2; i <= count; i++) {
        for (j = i; j > 1 && list[j] < list[j - 1]; j--) { swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap }
      }
      return count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
    }
    NR == 1 { for (i = 1; i <= NF; i++) place[$i] = i; wanted = split(columns, names, " "); next }
    !($2 in seen) { seen[$2] = 1; order[++candidates] = $2 }
    { for (i = 1; i <= wanted; i++) if ($(place[names[i]]) ~ /^[0-9.]+$/) {
        values[$2, i, ++counts[$2, i]] = $(place[names[i]]) + 0 } }
    END {
      line = "| |"; rule = "|---|"
      for (i = 1; i <= wanted; i++) { line = line " " names[i] " |"; rule = rule "---:|" }
      print line; print rule
      for (c = 1; c <= candidates; c++) {
        line = "| " order[c] " |"
        for (i = 1; i <= wanted; i++) {
          count = counts[order[c], i]
          delete list
          for (k = 1; k <= count; k++) list[k] = values[order[c], i, k]
          line = line (count ? sprintf(" %.2f |", median(list, count)) : " - |")
        }
        print line
      }
    }' "$table"
}

# The median over the rounds of one figure over another of the same round.
ratio() { # what, column, candidate, other column, other candidate
  awk -F '\t' -v what="$1" -v a="$2" -v of="$3" -v b="$4" -v to="$5" '
    NR == 1 { for (i = 1; i <= NF; i++) place[$i] = i; next }
    $2 == of { upper[$1] = $(place[a]) }
    $2 == to { lower[$1] = $(place[b]) }
    END {
      for (round in upper) if (lower[round] > 0) list[++count] = upper[round] / lower[round]
      for (i = 2; i <= count; i++) {
        for (j = i; j > 1 && list[j] < list[j - 1]; j--) { swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap }
      }
      if (!count) { print "- " what ": not measured"; exit }
      middle = count % 2 ? list[(count + 1) / 2] : (list[count / 2] + list[count / 2 + 1]) / 2
      printf "- %s: **%.2f** (%.2f to %.2f)\n", what, middle, list[1], list[count]
    }' "$table"
}

times() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f", a * b }'; }

median_of() { # column, candidate
  awk -F '\t' -v column="$1" -v of="$2" '
    NR == 1 { for (i = 1; i <= NF; i++) place[$i] = i; next }
    $2 == of { print $(place[column]) }' "$table" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# ---------------------------------------------------------------- sections

warm_minilm() {
  start_fleet
  start_plain
  [ -z "${minilm_is_warm:-}" ] || return 0
  warm gateway "$gateway" "$gateway_pid $replica_pid" --model $minilm --concurrency $callers
  warm plain "$plain" "$plain_pid" --model $minilm --concurrency $callers
  minilm_is_warm=1
}

saturation() {
  warm_minilm
  begin saturation
  local options="--model $minilm --concurrency $callers" round best
  "$root/fleet" bench-raw --duration "${SWEEP_SECONDS:-3}" --result "$work/raw-all.tsv" >&2
  best=$(sed -n '2s/\([^\t]*\)\t\([^\t]*\)\t.*/--split \1 --batch \2/p' "$work/raw-all.tsv")
  for round in $(seq "$rounds"); do
    # shellcheck disable=SC2086 # options are words
    {
      measure replica "$round" "$replica" $options
      measure_raw "$round" $best
      measure gateway "$round" "$gateway" $options
      measure plain "$round" "$plain" $options
    }
  done
  show answers p50 p99 batch queue compute least mean most client_cpus
  echo
  ratio "replica over raw" answers replica answers raw
  ratio "gateway over raw" answers gateway answers raw
  ratio "plain over raw" answers plain answers raw
  ratio "replica: p99 over p50" p99 replica p50 replica
  ratio "gateway: p99 over p50" p99 gateway p50 gateway
  ratio "gateway: connection served least over the mean" least gateway mean gateway
  ratio "gateway: connection served most over the mean" most gateway mean gateway
  ratio "plain: p99 over p50" p99 plain p50 plain
}

tiny() {
  start_fleet
  start_plain
  begin tiny
  local options="--model $tiny --concurrency $callers" round
  # shellcheck disable=SC2086
  {
    warm replica "$replica" "$replica_pid" $options
    warm gateway "$gateway" "$gateway_pid $replica_pid" $options
    warm plain "$plain" "$plain_pid" $options
    for round in $(seq "$rounds"); do
      measure replica "$round" "$replica" $options
      measure plain "$round" "$plain" $options
      measure gateway "$round" "$gateway" $options
    done
  }
  show answers p50 p99 batch client_cpus
  echo
  ratio "replica over plain" answers replica answers plain
  ratio "gateway over plain" answers gateway answers plain
}

json() {
  warm_minilm
  begin json
  local binary="--model $minilm --concurrency $callers" round
  # shellcheck disable=SC2086
  {
    warm "gateway, JSON" "$gateway" "$gateway_pid $replica_pid" $binary --input json
    warm "plain, JSON" "$plain" "$plain_pid" $binary --input json
    for round in $(seq "$rounds"); do
      measure "replica binary" "$round" "$replica" $binary
      measure "replica json" "$round" "$replica" $binary --input json
      measure "gateway binary" "$round" "$gateway" $binary
      measure "gateway json" "$round" "$gateway" $binary --input json
      measure "plain binary" "$round" "$plain" $binary
      measure "plain json" "$round" "$plain" $binary --input json
    done
  }
  show answers p50 p99 batch client_cpus
  echo
  ratio "replica: JSON over binary" answers "replica json" answers "replica binary"
  ratio "gateway: JSON over binary" answers "gateway json" answers "gateway binary"
  ratio "plain: JSON over binary" answers "plain json" answers "plain binary"
}

# The share of padding in what the replica ran since its start, and what raw ran.
padding() { # model
  curl -fs --max-time 5 "$replica/actuator/prometheus" | awk -v of="model=\"$1\"" '
    index($0, of) && /^fleet_inference_tokens_total/ { all = $NF }
    index($0, of) && /^fleet_inference_padding_tokens_total/ { padding = $NF }
    END { if (all) printf "- padding: replica %.1f %% of the tokens", 100 * padding / all }'
  awk -F '\t' 'NR == 2 { printf ", raw %.1f %%\n", 100 * $6 }' "$work/raw.tsv"
}

texts() {
  [ -f "$texts" ] || fail "TEXTS: '$texts' (expected: a file of texts)"
  local model load file best round
  texts=$(realpath "$texts")
  start_fleet
  start_plain
  for model in $minilm $int8; do
    begin "texts-$model"
    load="--texts $texts --lengths $lengths --tokenizer $models/$model/tokenizer.json"
    file="--file $models/$model/1/model.onnx"
    # shellcheck disable=SC2086 # options are words
    {
      warm replica "$replica" "$replica_pid" --model $model --concurrency $callers $load
      warm gateway "$gateway" "$gateway_pid $replica_pid" --model $model --concurrency $callers $load
      warm plain "$plain" "$plain_pid" --model $model --concurrency $callers $load
      "$root/fleet" bench-raw $file $load --duration "${SWEEP_SECONDS:-3}" --result "$work/raw-all.tsv" >&2
      best=$(sed -n '2s/\([^\t]*\)\t\([^\t]*\)\t.*/--split \1 --batch \2/p' "$work/raw-all.tsv")
      for round in $(seq "$rounds"); do
        measure replica "$round" "$replica" --model $model --concurrency $callers $load
        measure_raw "$round" $file $load $best
        measure gateway "$round" "$gateway" --model $model --concurrency $callers $load
        measure plain "$round" "$plain" --model $model --concurrency $callers $load
      done
    }
    show answers p50 p99 batch queue compute client_cpus
    echo
    ratio "replica over raw" answers replica answers raw
    ratio "gateway over raw" answers gateway answers raw
    ratio "plain over raw" answers plain answers raw
    ratio "gateway over plain" answers gateway answers plain
    padding "$model"
  done
}

p99() {
  warm_minilm
  begin p99
  local round rate
  measure capacity 0 "$replica" --model $minilm --concurrency $callers
  rate=$(times "$(median_of answers capacity)" 0.7)
  measure "unbatched capacity" 0 "$replica" --model $unbatched --concurrency $callers
  for round in $(seq "$rounds"); do
    measure batched "$round" "$replica" --model $minilm --rate "$rate" --warm-up 5
    settle "$replica" $minilm
    measure unbatched "$round" "$replica" --model $unbatched --rate "$rate" --warm-up 5
    settle "$replica" $unbatched
  done
  show answers p50 p90 p99 batch queue compute
  echo
  echo "At $rate requests a second, Poisson arrivals:"
  echo
  ratio "p99, batching over not batching" p99 batched p99 unbatched
  ratio "p50, batching over not batching" p50 batched p50 unbatched
}

# Until what an overload left behind is done.
settle() { # url, model
  curl -fs -o /dev/null --max-time 60 --retry 5 --retry-all-errors "$1/v2/models/$2" || true
  sleep 2
}

goodput() {
  warm_minilm
  begin goodput
  local candidate url round capacity factor best
  measure "gateway capacity" 0 "$gateway" --model $minilm --concurrency $callers
  measure "plain capacity" 0 "$plain" --model $minilm --concurrency $callers
  for candidate in gateway plain; do
    url=${!candidate}
    capacity=$(median_of answers "$candidate capacity")
    for factor in 0.6 0.7 0.8 0.9 1.0 1.2; do
      measure "$candidate at $factor" 0 "$url" --model $minilm --rate "$(times "$capacity" $factor)" --deadline-ms 300 --warm-up 5
      settle "$url" $minilm
    done
    best=$(awk -F '\t' -v of="$candidate at " '
      NR == 1 { for (i = 1; i <= NF; i++) place[$i] = i; next }
      index($2, of) == 1 && $(place["in_time"]) > most { most = $(place["in_time"]); at = substr($2, length(of) + 1) }
      END { print at }' "$table")
    for round in $(seq "$rounds"); do
      measure "$candidate at its best, $best" "$round" "$url" --model $minilm --rate "$(times "$capacity" "$best")" \
        --deadline-ms 300 --warm-up 5
      settle "$url" $minilm
      measure "$candidate at 3.0" "$round" "$url" --model $minilm --rate "$(times "$capacity" 3)" --deadline-ms 300 --warm-up 5
      settle "$url" $minilm
    done
    printf -v "${candidate}_best" '%s' "$best"
  done
  show answers in_time failed p50 p99 batch queue
  echo
  # shellcheck disable=SC2154 # set by printf
  ratio "gateway: in time at 3.0 over the most" in_time "gateway at 3.0" in_time "gateway at its best, $gateway_best"
  # shellcheck disable=SC2154
  ratio "plain: in time at 3.0 over the most" in_time "plain at 3.0" in_time "plain at its best, $plain_best"
}

soak() {
  start_fleet
  begin soak
  local load_pid end_at churns=0 failed=0 status next
  "$root/fleet" bench --url "$replica" --model $minilm --concurrency 16 --tokens 8:128 --rows 1:4 --warm-up 0 \
    --window 10 --duration "$soak_seconds" --result "$work/soak-load.tsv" >"$work/soak-load.txt" &
  load_pid=$!
  printf 'second\tKiB\tanonymous KiB\n' >"$table"
  end_at=$((SECONDS + soak_seconds))
  next=$SECONDS
  local from=$SECONDS
  while [ $SECONDS -lt $end_at ]; do
    for status in unload load; do
      curl -fs -o /dev/null --max-time 30 -X POST "$replica/v2/repository/models/$loaded/$status" || failed=$((failed + 1))
    done
    churns=$((churns + 1))
    if [ $SECONDS -ge $next ]; then
      printf '%s\t%s\n' $((SECONDS - from)) \
        "$(awk '/^VmRSS/ { all = $2 } /^RssAnon/ { print all "\t" $2 }' "/proc/$replica_pid/status")" >>"$table"
      next=$((next + 10))
    fi
    sleep 2
  done
  wait $load_pid || fail "the load failed: $(cat "$work/soak-load.txt")"
  cat "$work/soak-load.txt"
  echo "$loaded was unloaded and loaded $churns times ($failed calls failed)."
  echo
  # A straight line through the second half, so that neither a single sample nor the swing of the load decides. Weights
  # that sessions map count once a mapping in resident memory; what is not a file's tells what this process alone holds.
  local column name
  for column in 2 3; do
    name='resident memory'
    [ $column = 2 ] || name='memory that is no file'
    awk -F '\t' -v whole="$soak_seconds" -v column=$column -v name="$name" '
      NR > 1 { second[++all] = $1; kib[all] = $column }
      END {
        for (i = 1; i <= all; i++) if (second[i] >= whole / 2) {
          n++; x += second[i]; y += kib[i]; xx += second[i] ^ 2; xy += second[i] * kib[i]
          if (n == 1 || kib[i] < least) least = kib[i]
          if (kib[i] > most) most = kib[i]
        }
        slope = (n * xy - x * y) / (n * xx - x * x)
        start = (y - slope * x) / n + slope * whole / 2
        printf "- %s at the start: %.0f MiB; second half: %.0f to %.0f MiB in %d samples\n", name, kib[1] / 1024, least / 1024, most / 1024, n
        printf "- %s, growth in the second half, by a line through it: **%.2f %%**\n", name, 100 * slope * whole / 2 / start
      }' "$table"
  done
}

start() {
  if [ -n "$fleet_is_up" ]; then
    "$root/fleet" down >/dev/null
    fleet_is_up=
  fi
  echo
  echo "## start"
  echo
  # shellcheck disable=SC2086 # folders without blanks
  "$root/benchmarks/start.sh" "$((rounds + 4))" "$root" $before
}

[ $# -gt 0 ] || set -- saturation tiny json
for section in "$@"; do
  case $section in
  saturation | tiny | json | texts | p99 | goodput | soak | start) ;;
  -h | --help)
    sed -n '3,/^$/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
    exit 0
    ;;
  *) fail "section '$section' (expected: saturation, tiny, json, texts, p99, goodput, soak or start)" ;;
  esac
done
command -v curl >/dev/null || fail "curl is missing"
JAVA_HOME=$("$root/fleet" java-home)
export JAVA_HOME
java=$JAVA_HOME/bin/java
jcmd=$JAVA_HOME/bin/jcmd
mkdir -p "$work"
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
echo "$(uname -sm), $(nproc) CPUs, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(git -C "$root" rev-parse --short HEAD 2>/dev/null || true)," \
  "$rounds rounds of $point s"
for section in "$@"; do
  "$section"
done
