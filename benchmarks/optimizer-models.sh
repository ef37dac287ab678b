#!/usr/bin/env bash
#
# What half precision and calibrated 8 bits do to each model of a folder (MODEL/model.onnx, with test data beside it): a
# table in Markdown. A model that is refused shows the reason.
#
#   benchmarks/optimizer-models.sh FOLDER [RESULTS]
#
# VARIATIONS (200) is the number of samples that 8-bit models are compared over: test data with a little noise, contrast and
# shift, other than those they were calibrated with (32). WHAT (precision static) chooses the tables.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
folder=${1:?FOLDER is missing}
results=${2:-}
if [ -z "$results" ]; then
  results=$(mktemp -d)
  trap 'rm -rf "$results"' EXIT
fi
mkdir -p "$results"
variations=${VARIATIONS:-200}
optimize() { "$root/fleet" optimize "$@"; }
refusal() { { grep '^optimize: ' "$1" || tail -n 1 "$1"; } | tail -n 1 | sed "s|^optimize: ||; s|$folder/||g; s/|/\\\\|/g" | cut -c 1-160; }

precision() { # name model
  local precision row="| $1 |" error nodes
  for precision in fp16 mixed; do
    if optimize convert --precision "$precision" --keep-io "$2" -o "$results/half.onnx" >"$results/log" 2>&1; then
      error=$(sed -n 's/^outputs: relative error \([^,]*\),.*/\1/p' "$results/log")
      nodes=$(sed -n 's/^fp16: \([0-9]* of [0-9]*\) nodes/\1/p' "$results/log")
      row+=" $error ($nodes nodes) |"
    else
      row+=" refused: $(refusal "$results/log") |"
    fi
  done
  echo "$row"
}

calibrated() { # name model
  local row="| $1 |" report=$results/report.json candidate=$results/int8.onnx further=()
  local attempt top error
  for attempt in all fewer; do
    if [ "$attempt" = fewer ]; then
      further=(--target-error 3%)
    fi
    if ! optimize quantize --static "${further[@]}" --variations 32 --max-quality-loss 100% "$2" -o "$candidate" \
      >"$results/log" 2>&1; then
      echo "$row refused: $(refusal "$results/log") | | | |"
      return
    fi
    optimize compare "$2" "$candidate" --no-speed --samples "$(dirname "$2")" --variations "$variations" --seed 2 --json "$report" \
      >/dev/null 2>&1
    top=$(sed -n 's/.*"topAgreement" : \([0-9.]*\).*/\1/p' "$report" | tail -n 1)
    error=$(sed -n 's/.*"relativeError" : \([-0-9.E]*\).*/\1/p' "$report" | tail -n 1)
    # Good enough as it is: 99 % of the classes, or numbers within 5 %.
    if awk "BEGIN { exit !(\"$top\" == \"\" ? $error <= 0.05 : \"$top\" + 0 >= 0.99) }"; then
      break
    fi
  done
  echo "$row ${top:--} | $(printf '%.4f' "$error") | $(sed -n 's/^8-bit: \([0-9]*\) nodes/\1/p' "$results/log") | $(sed -n 's/^in FP32: \([0-9]* of [0-9]*\) layers.*/\1/p' "$results/log") |"
}

for what in ${WHAT:-precision static}; do
  if [ "$what" = precision ]; then
    echo "| Model | FP16: relative error | Mixed: relative error |"
    echo "|---|---|---|"
  else
    echo "| Model | Top-1 agreement | Relative error | 8-bit nodes | Layers left in FP32 |"
    echo "|---|---:|---:|---:|---:|"
  fi
  for model in "$folder"/*/model.onnx; do
    name=$(basename "$(dirname "$model")")
    if [ "$what" = precision ]; then
      precision "$name" "$model"
    elif grep -q 'Conv' "$model"; then
      calibrated "$name" "$model"
    fi
  done
  echo
done
