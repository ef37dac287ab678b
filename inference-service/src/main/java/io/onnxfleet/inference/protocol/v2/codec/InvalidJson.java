package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.json.JsonRefusal;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;

/** What is not JSON is the caller's to change. */
enum InvalidJson implements JsonRefusal {
  REFUSAL;

  @Override
  public RuntimeException of(String message) {
    return new InferenceException(ErrorCode.INVALID_INPUT, message);
  }
}
