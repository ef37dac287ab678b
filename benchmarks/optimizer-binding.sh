#!/usr/bin/env bash
#
# What a run costs the optimizer by the engine's binding of ONNX Runtime, over ONNX Runtime's own Java API, in turns in one
# process: a perceptron of a few microseconds, and 8 rows of 32 tokens of the default model.
#
#   benchmarks/optimizer-binding.sh
#
# ROUNDS (15) is read from the environment.

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"
./mvnw -q -pl model-optimizer -am test -Dcyclonedx.skip -Dtest=BindingBenchmark -Dsurefire.failIfNoSpecifiedTests=false \
  -Dtest.jvm.args="-Drounds=${ROUNDS:-15}" | grep ' us '
