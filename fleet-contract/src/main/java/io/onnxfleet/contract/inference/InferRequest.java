package io.onnxfleet.contract.inference;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A request to run a model, as a client writes it and a server may read it. A replica reads the
 * same bytes straight into the memory that its models run on; a test holds the two to each other.
 *
 * @param id echoed in the answer; null if there is none
 * @param parameters of the request
 * @param outputs wanted ones; empty for all
 */
public record InferRequest(
    @Nullable String id, Parameters parameters, List<WireTensor> inputs, List<Output> outputs) {

  /**
   * What the request asks for beside its tensors.
   *
   * @param priority a level of the model's, 1 the highest; 0 for its default
   * @param timeoutMicros after which the answer is of no use; 0 for never
   * @param binaryOutputs whether outputs are binary that do not say themselves
   */
  public record Parameters(int priority, long timeoutMicros, boolean binaryOutputs) {

    /** Nothing. */
    public static final Parameters NONE = new Parameters(0, 0, false);

    /** All outputs in binary. */
    public static final Parameters BINARY = new Parameters(0, 0, true);
  }

  /**
   * A wanted output.
   *
   * @param binary null for what the request says
   * @param classes how many of the best classes are wanted in its place; 0 for the output itself
   */
  public record Output(String name, @Nullable Boolean binary, int classes) {}

  public InferRequest {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
  }

  /** A request for all outputs, all tensors in binary. */
  public static InferRequest binary(List<WireTensor> inputs) {
    return new InferRequest(null, Parameters.BINARY, inputs, List.of());
  }

  /**
   * As it is sent.
   *
   * @param binary whether inputs are; those that JSON cannot hold always are
   */
  public WireMessage write(boolean binary) {
    return MessageWriter.write(this, binary);
  }

  /**
   * Reads a request.
   *
   * @throws io.onnxfleet.contract.json.MalformedJsonException if it is none; the message may be
   *     shown
   */
  public static InferRequest read(WireMessage message) {
    return new MessageReader(message).request();
  }
}
