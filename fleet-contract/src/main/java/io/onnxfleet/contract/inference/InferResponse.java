package io.onnxfleet.contract.inference;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer of a model that ran.
 *
 * @param model its name; empty if the answer does not say
 * @param version empty if the answer does not say
 * @param id the request's; null if it had none
 * @param variant the model that was chosen for the caller; null if the caller did
 */
public record InferResponse(
    String model,
    String version,
    @Nullable String id,
    @Nullable String variant,
    List<WireTensor> outputs) {

  public InferResponse {
    outputs = List.copyOf(outputs);
  }

  /**
   * As it is sent.
   *
   * @param binary whether outputs are; those that JSON cannot hold always are
   */
  public WireMessage write(boolean binary) {
    return MessageWriter.write(this, binary);
  }

  /**
   * Reads an answer.
   *
   * @throws io.onnxfleet.contract.json.MalformedJsonException if it is none; the message may be
   *     shown
   */
  public static InferResponse read(WireMessage message) {
    return new MessageReader(message).response();
  }
}
