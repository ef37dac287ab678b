package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OrtFailureTest {
  @Test
  void readable_leavesOutPlacesInSources() {
    assertThat(
            OrtFailure.readable(
                "Non-zero status code returned while running Add node. Name:'a' Status Message:"
                    + " /onnxruntime_src/onnxruntime/core/math/element_wise_ops.h:540 void"
                    + " onnxruntime::BroadcastIterator::Init(ptrdiff_t, ptrdiff_t) axis == 1 was"
                    + " false. Attempting to broadcast 3 by 5\n"))
        .isEqualTo(
            "Non-zero status code returned while running Add node. Name:'a' Status Message:"
                + " axis == 1 was false. Attempting to broadcast 3 by 5");
  }

  @Test
  void readable_leavesOutPlainFunctionNamesAndStatuses() {
    assertThat(
            OrtFailure.readable(
                "Exception during initialization: /src/core/info.cc:131 static onnxruntime::Status"
                    + " onnxruntime::Info::Create(const Protos&, std::unique_ptr<Info>&) : 1 : FAIL :"
                    + " /src/core/utils.cc:316 GetInfo TensorProto: w size mismatch."))
        .isEqualTo("Exception during initialization: TensorProto: w size mismatch.");
    assertThat(
            OrtFailure.readable(
                "/src/normalizer.cc:92 onnxruntime::Locale::Locale(const string&)::<lambda()> Failed"
                    + " to construct locale"))
        .isEqualTo("Failed to construct locale");
  }

  @Test
  void readable_leavesOutPathsAndStackTraces() {
    assertThat(
            OrtFailure.readable(
                "Load model from /srv/models/a (b)/1/model.onnx failed:Fatal error: x\nStacktrace:\n1\n2"))
        .isEqualTo("Fatal error: x");
  }

  @Test
  void readable_leavesOutTheMachineAndThePlaceOfADevicesFailure() {
    assertThat(
            OrtFailure.readable(
                "CUDA failure 2: out of memory ; GPU=0 ; hostname=node-7 ;"
                    + " file=/onnxruntime_src/onnxruntime/core/providers/cuda/cuda_allocator.cc ;"
                    + " line=35 ; expr=cudaMalloc((void**)&p, size); "))
        .isEqualTo("CUDA failure 2: out of memory");
  }

  /** The messages of bfc_arena.cc, cuda_call.cc and of CUDA's own libraries. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Non-zero status code returned while running MatMul node. Name:'m' Status Message:"
            + " Failed to allocate memory for requested buffer of size 68719476736",
        "BFC Arena ran out of memory trying to allocate 4096 bytes",
        "Available memory of 1024 is smaller than requested bytes of 4096",
        "CUDA failure 2: out of memory ; GPU=0 ; hostname=h ; file=f.cc ; line=1 ; expr=x; ",
        "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0 ; hostname=h ; file=f ; line=9 ; expr=y; ",
        "CudaMempoolArena::Alloc: cudaMallocFromPoolAsync failed: 2"
      })
  void isOutOfMemory_isTrue_whenAnAllocatorSaysSo(String message) {
    assertThat(new OrtFailure(1, message).isOutOfMemory()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "CUDA failure 200: device kernel image is invalid",
        "Got invalid dimensions for input: x",
        "CUDNN failure 3000: CUDNN_STATUS_NOT_SUPPORTED"
      })
  void isOutOfMemory_isFalse_whenSomethingElseFailed(String message) {
    assertThat(new OrtFailure(1, message).isOutOfMemory()).isFalse();
  }

  @Test
  void readable_keepsOtherMessages() {
    assertThat(OrtFailure.readable("Got: 4 Expected: 3\n Please fix"))
        .isEqualTo("Got: 4 Expected: 3 Please fix");
  }
}
