#!/usr/bin/env bash
#
# What the optimizer makes of the default model, measured side by side: quality over 500 sentences, size, and speed in
# turns. Then a model of 2.5 GiB whose weights lie in a second file, with a heap below 1 GiB.
#
#   benchmarks/optimizer.sh [FOLDER FOR RESULTS]
#
# BATCHES (1,8,16), ROUNDS (21) and SKIP_LARGE (empty) are read from the environment.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
batches=${BATCHES:-1,8,16}
rounds=${ROUNDS:-21}
results=${1:-}
if [ -z "$results" ]; then
  results=$(mktemp -d)
  trap 'rm -rf "$results"' EXIT
fi
mkdir -p "$results"
fp32=$root/models/all-minilm-l6-v2/1/model.onnx
peer=$root/models/all-minilm-l6-v2-int8/1/model.onnx
optimize() { "$root/fleet" optimize "$@"; }

cp "$root/models/all-minilm-l6-v2/tokenizer.json" "$results/"
optimize quantize "$fp32" -o "$results/int8.onnx"
optimize quantize --fuse "$fp32" -o "$results/int8-fused.onnx"
optimize quantize --fuse --per-token "$fp32" -o "$results/int8-token.onnx"
optimize quantize --fuse --per-token --smooth 0.5 --seed 7 "$fp32" -o "$results/int8-smooth-token.onnx"
optimize quantize --fuse --block-size 32 --symmetric --fast-products "$fp32" -o "$results/int8-blocks.onnx"
optimize fuse "$fp32" -o "$results/fp32-fused.onnx"
# Found and tried with other sentences than those of the table below.
optimize quantize --target-error 6.5% --seed 7 "$fp32" -o "$results/int8-exact.onnx"
optimize quantize --target-error 6.5% --smooth 0.5 --seed 7 "$fp32" -o "$results/int8-smooth-exact.onnx"
optimize quantize --bits 4 "$fp32" -o "$results/int4.onnx"

echo
echo "Quality against FP32 over 500 sentences; the second model is the peer."
optimize compare "$fp32" "$peer" "$results/int8.onnx" "$results/int8-fused.onnx" "$results/fp32-fused.onnx" \
  "$results/int8-exact.onnx" "$results/int8-smooth-exact.onnx" "$results/int4.onnx" --sample-count 500 --no-speed
echo
echo "Own 8-bit model against the peer, the ratio's base, and fused against unfused."
optimize compare "$peer" "$results/int8.onnx" --sample-count 16 --batch "$batches" --rounds "$rounds"
optimize compare "$results/int8.onnx" "$results/int8-fused.onnx" --sample-count 16 --batch "$batches" --rounds "$rounds"
optimize compare "$results/int8.onnx" "$results/int8-exact.onnx" "$results/int8-smooth-exact.onnx" --sample-count 16 \
  --batch "$batches" --rounds "$rounds"
echo
echo "The same in any company: a scale a token, and blocks, against FP32 and the 8-bit model that runs row by row."
optimize compare "$fp32" "$peer" "$results/int8-fused.onnx" "$results/int8-token.onnx" "$results/int8-smooth-token.onnx" \
  "$results/int8-blocks.onnx" --sample-count 16 --batch "$batches" --rounds "$rounds"
echo
echo "FP32, fused against unfused."
optimize compare "$fp32" "$results/fp32-fused.onnx" --sample-count 16 --batch "$batches" --rounds "$rounds"

echo
echo "30 % of the feed-forward neurons less, against the original and, fused, against the fused original."
optimize prune "$fp32" -o "$results/pruned.onnx" --feed-forward 30% --sample-count 500
optimize compare "$fp32" "$results/pruned.onnx" --sample-count 16 --batch "$batches" --rounds "$rounds"
optimize fuse "$results/pruned.onnx" -o "$results/pruned-fused.onnx"
optimize compare "$results/fp32-fused.onnx" "$results/pruned-fused.onnx" --sample-count 16 --batch "$batches" \
  --rounds "$rounds"

echo
echo "A layer less."
optimize distil layers "$fp32" -o "$results/five-layers.onnx" --keep 5 --sample-count 500 --max-quality-loss 20%

echo
echo "A table of token vectors, judged by 500 held-back sentences."
rm -rf "$results/static"
optimize distil static "$fp32" -o "$results/static" --fit-count 1500 --sample-count 500

echo
echo "The best that loses at most 2 %."
rm -rf "$results/best"
optimize auto "$fp32" -o "$results/best" --max-quality-loss 2% --target throughput --static

if [ -z "${SKIP_LARGE:-}" ]; then
  echo
  echo "2.5 GiB of weights, heap below 1 GiB (./fleet optimize runs with -Xmx900m)."
  optimize synthesize -o "$results/large.onnx" --gigabytes 2.5
  /usr/bin/env time -f '%M KB resident at most, %e s' "$root/fleet" optimize quantize "$results/large.onnx" \
    -o "$results/large-int8.onnx" --sample-count 1
  rm -f "$results"/large*
fi
