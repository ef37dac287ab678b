#!/usr/bin/env bash
#
# Packs all that run.sh needs on a machine that has an NVIDIA driver and nothing else: a Java runtime, the fleet, ONNX
# Runtime's GPU libraries of linux-x64, the CUDA 12 and cuDNN 9 libraries that they need, models with stored outputs.
#
#   benchmarks/gpu/pack.sh [FOLDER]      FOLDER: where the pieces go (target/gpu/pieces)
#
# Needs a built tree (./mvnw -DskipTests package) and a JDK 25. The libraries come from the Maven artifact
# org.bytedeco:cuda, CUDA_VERSION (12.6-9.5-1.5.11), 2 GB, which stays in the local repository; CUDA=no leaves them to
# the machine's system. SHARED (../shared): sample models with stored outputs. PIECE_BYTES (60000000).

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
pieces=${1:-$root/target/gpu/pieces}
version=${CUDA_VERSION:-12.6-9.5-1.5.11}
shared=${SHARED:-$root/../shared}
work=$root/target/gpu
bundle=$work/bundle

# Linked by the providers, or opened by cuDNN while it works (libcudnn_*, libnvrtc*).
cuda_libraries='libcudart.so.12 libcublas.so.12 libcublasLt.so.12 libcurand.so.10 libcufft.so.11 libcudnn.so.9
  libcudnn_graph.so.9 libcudnn_ops.so.9 libcudnn_cnn.so.9 libcudnn_adv.so.9 libcudnn_heuristic.so.9
  libcudnn_engines_precompiled.so.9 libcudnn_engines_runtime_compiled.so.9 libnvrtc.so.12 libnvrtc-builtins.so.12.6'

fail() {
  printf 'pack.sh: %s\n' "$*" >&2
  exit 1
}

say() { printf '%s\n' "$*"; }

java_home() {
  JAVA_HOME=$("$root/fleet" java-home)
  export JAVA_HOME
  for module in discovery-server gateway-service inference-service benchmarks model-optimizer; do
    [ -f "$root/$module/target/layout/application.args" ] ||
      fail "$module is not built (expected: ./mvnw -DskipTests package has run)"
  done
}

runtime() {
  "$JAVA_HOME/bin/jlink" --add-modules java.se,jdk.unsupported,jdk.crypto.ec,jdk.management,jdk.management.agent,jdk.naming.dns,jdk.net,jdk.zipfs,jdk.jcmd,jdk.httpserver \
    --strip-java-debug-attributes --strip-debug --no-header-files --no-man-pages --compress zip-1 --output "$bundle/java"
}

# As in the image: native libraries of this platform beside the jars, once, and none in them.
services() {
  "$JAVA_HOME/bin/java" -XX:TieredStopAtLevel=1 "$root/docker/ImageLayout.java" "$root" "$work/app" "$work/native" amd64
  mkdir -p "$bundle/app"
  local module
  for module in discovery-server gateway-service inference-service; do
    mv "$work/app/$module/target/layout" "$bundle/app/$module"
  done
  mv "$work/native/gpu" "$bundle/native"
  [ -f "$bundle/native/libonnxruntime_providers_cuda.so" ] ||
    fail "the layouts hold no CUDA provider (expected: built without the profile cpu)"
}

# The load generator, and the official Java API with its native half.
load_generator() {
  local layout=$bundle/app/benchmarks jar
  cp -aL "$root/benchmarks/target/layout" "$layout"
  rm -f "$layout"/application.aot
  jar=$(cd "$layout" && find . -name 'onnxruntime_gpu-*.jar')
  [ -n "$jar" ] || fail "the load generator's layout has no onnxruntime_gpu"
  (cd "$work" && "$JAVA_HOME/bin/jar" xf "$layout/$jar" ai/onnxruntime/native/linux-x64/libonnxruntime4j_jni.so)
  mv "$work/ai/onnxruntime/native/linux-x64/libonnxruntime4j_jni.so" "$bundle/native/"
  cp "$(find "$bundle/app/inference-service" -name 'onnxruntime_gpu-*.jar')" "$layout/$jar"
  # The options name the folder of native libraries like those of the services do.
  printf '%s\n' '-Donnxruntime.native.path=/app/native' >>"$layout/jvm.args"
}

cuda() {
  [ "${CUDA:-yes}" != no ] || return 0
  local repository jar library
  repository=$("$root/mvnw" -q -B -ntp -f "$root/pom.xml" -N help:evaluate -Dexpression=settings.localRepository -DforceStdout 2>/dev/null ||
    echo "$HOME/.m2/repository")
  jar=$repository/org/bytedeco/cuda/$version/cuda-$version-linux-x86_64-redist.jar
  if [ ! -f "$jar" ]; then
    say "fetching org.bytedeco:cuda:$version:linux-x86_64-redist, 2 GB, once"
    "$root/mvnw" -q -B -ntp -f "$root/pom.xml" -N dependency:get -Dtransitive=false \
      -Dartifact="org.bytedeco:cuda:$version:jar:linux-x86_64-redist" ||
      fail "org.bytedeco:cuda:$version:linux-x86_64-redist cannot be had (CUDA_VERSION names another, CUDA=no takes none)"
  fi
  mkdir -p "$bundle/cuda"
  # shellcheck disable=SC2046,SC2086 # libraries are words
  (cd "$work" && "$JAVA_HOME/bin/jar" xf "$jar" $(printf 'org/bytedeco/cuda/linux-x86_64/%s ' $cuda_libraries))
  for library in $cuda_libraries; do
    mv "$work/org/bytedeco/cuda/linux-x86_64/$library" "$bundle/cuda/" ||
      fail "$library is not in cuda-$version-linux-x86_64-redist.jar"
  done
}

optimize() { "$root/fleet" optimize "$@" >>"$work/optimize.log" 2>&1 || fail "optimize $1: $(tail -n 3 "$work/optimize.log")"; }

models() {
  local models=$bundle/models fp32=$root/models/all-minilm-l6-v2
  mkdir -p "$models"
  cp -a "$fp32" "$root/models/all-minilm-l6-v2-int8" "$models/"
  mkdir -p "$models/all-minilm-l6-v2-fp16/1"
  cp "$fp32/tokenizer.json" "$models/all-minilm-l6-v2-fp16/"
  optimize convert --precision mixed --keep-io "$fp32/1/model.onnx" -o "$models/all-minilm-l6-v2-fp16/1/model.onnx"
  rm -rf "$models"/*/.unpacked
  "$root/fleet" bench-tiny-model "$models"
  "$root/fleet" bench-batched-model "$shared/models/stress-light-resnet50/model.onnx" "$models/resnet50"
}

# Each sample model as version 1 of a model of its name, and its stored outputs beside.
stored() {
  local model name
  mkdir -p "$bundle/repository" "$bundle/stored"
  find "$shared/models" -name model.onnx -not -path '*/hostile/*' -not -path '*/typed/map-input/*' | sort | while read -r model; do
    model=$(dirname "$model")
    if [ "$(basename "$model")" = 1 ]; then
      model=$(dirname "$model")
    fi
    name=${model#"$shared/models/"}
    name=${name#triton-repository/} # whose configurations name their folders
    name=${name//\//-}
    mkdir -p "$bundle/stored/$name" "$bundle/repository/$name"
    find "$model" -maxdepth 1 -name 'test_data_set_*' -exec cp -a {} "$bundle/stored/$name/" ';'
    if [ -d "$model/1" ]; then
      find "$model" -mindepth 1 -maxdepth 1 -not -name 'test_data_set_*' -not -name 'sample.json' \
        -exec cp -a {} "$bundle/repository/$name/" ';'
    else
      mkdir -p "$bundle/repository/$name/1"
      find "$model" -mindepth 1 -maxdepth 1 -not -name 'test_data_set_*' -not -name 'sample.json' \
        -exec cp -a {} "$bundle/repository/$name/1/" ';'
    fi
  done
  chmod -R u+w "$bundle/repository" "$bundle/stored"
}

[ "$(uname -sm)" = 'Linux x86_64' ] || fail "$(uname -sm) (expected: Linux x86_64)"
[ -d "$shared/models" ] || fail "$shared/models is missing (SHARED names the folder of sample models)"
java_home
rm -rf "$work/bundle" "$work/app" "$work/native" "$work/optimize.log" "$work/ai" "$work/org"
mkdir -p "$bundle"
for step in runtime services load_generator cuda models stored; do
  say "$step"
  "$step"
done
printf 'commit=%s\ncuda=%s\npacked=%s\n' "$(git -C "$root" rev-parse --short HEAD 2>/dev/null || echo unknown)" \
  "$([ -d "$bundle/cuda" ] && echo "org.bytedeco:cuda:$version" || echo "the system's")" "$(date -u +%F)" >"$bundle/about"
say "archive"
tar -C "$work" --owner=0 --group=0 -cf - bundle | gzip -4 >"$work/bundle.tar.gz"
"$root/benchmarks/gpu/pieces" cut "$work/bundle.tar.gz" "$pieces" "${PIECE_BYTES:-60000000}"
rm -f "$work/bundle.tar.gz"
cp "$root/benchmarks/gpu/run.sh" "$root/benchmarks/gpu/pieces" "$pieces/"
say "$(find "$pieces" -name 'bundle.tar.gz.*' | wc -l) pieces, $(du -sh "$pieces" | cut -f 1), in $pieces; on the GPU's machine: bash run.sh"
