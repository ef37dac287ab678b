package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.inference.protocol.http.BodyInput;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Reads the body of an infer request into pooled tensors: JSON, JSON with binary tensors behind it,
 * or one raw tensor. One pass; an element goes from the parser, or from the connection, straight to
 * its place.
 *
 * <p>Every body either becomes a call or fails with an {@link InferenceException} or the
 * connection's {@link IOException}, and then no memory stays taken. Thread-safe.
 */
public final class InferRequestDecoder {
  private final BufferPool pool;

  public InferRequestDecoder(BufferPool pool) {
    this.pool = pool;
  }

  /**
   * The call that the body is. The body is read to its end.
   *
   * @param declaredInputs the model's inputs, asked for only by a raw body
   */
  public InferenceCall decode(
      InferenceTarget target, BodyInput body, Supplier<List<TensorSpec>> declaredInputs)
      throws IOException {
    Long headerLength = target.headerLength();
    if (headerLength != null && headerLength == 0) {
      return decodeRaw(target, body, declaredInputs.get());
    }
    try (InferRequestJson json = new InferRequestJson(pool, body)) {
      json.read(
          headerLength == null
              ? new JsonScanner(body, body.remainingAtMost(), InvalidJson.REFUSAL)
              : new JsonScanner(
                  new HeaderInput(body, headerLength), headerLength, InvalidJson.REFUSAL));
      readBinary(json.inputs());
      requireEnd(body);
      Deadline deadline =
          json.parameters().deadline(target.acceptedNanos()).earlier(target.deadline());
      return new InferenceCall(
          new InferenceRequest(
              json.id(),
              target.model(),
              target.version(),
              take(json.inputs()),
              json.outputs(),
              deadline,
              json.parameters().priority()),
          json.forms());
    }
  }

  private static void readBinary(List<InputDraft> inputs) throws IOException {
    for (int position = 0; position < inputs.size(); position++) {
      try {
        inputs.get(position).readBinary();
      } catch (InferenceException failure) {
        throw inputs.get(position).named(failure, position);
      }
    }
  }

  private static List<NamedTensor> take(List<InputDraft> inputs) {
    List<NamedTensor> taken = new ArrayList<>(inputs.size());
    for (InputDraft input : inputs) {
      taken.add(input.take());
    }
    return taken;
  }

  private InferenceCall decodeRaw(
      InferenceTarget target, BodyInput body, List<TensorSpec> declaredInputs) throws IOException {
    Tensor tensor = new RawTensor(pool).read(body, declaredInputs);
    NamedTensor input = new NamedTensor(declaredInputs.getFirst().name(), tensor);
    InferenceRequest request =
        new InferenceRequest(
            null,
            target.model(),
            target.version(),
            List.of(input),
            List.of(),
            target.deadline(),
            0);
    return new InferenceCall(request, OutputForms.BINARY);
  }

  private static void requireEnd(BodyInput body) throws IOException {
    if (body.read() >= 0) {
      throw InferenceException.invalidInput(
          "the body goes on behind its last tensor (expected its end)");
    }
  }
}
