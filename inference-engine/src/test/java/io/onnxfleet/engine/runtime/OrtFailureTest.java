package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

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
  void readable_keepsOtherMessages() {
    assertThat(OrtFailure.readable("Got: 4 Expected: 3\n Please fix"))
        .isEqualTo("Got: 4 Expected: 3 Please fix");
  }
}
