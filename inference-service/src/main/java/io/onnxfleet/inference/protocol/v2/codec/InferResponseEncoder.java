package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.json.ByteSink;
import io.onnxfleet.contract.json.JsonWriter;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import jakarta.servlet.ServletOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Writes an answer from its tensors' memory: outputs in JSON as numbers in their shortest exact
 * form, outputs in binary as they are. What JSON cannot express is found before the first byte
 * leaves. Stateless.
 */
public final class InferResponseEncoder {
  private static final int CHUNK = 16 << 10;

  // About as long as what stands around the elements.
  private static final int ENVELOPE = 96;
  private static final int ENVELOPE_PER_OUTPUT = 128;

  private InferResponseEncoder() {}

  /** Writes the answer of a model that the caller named. */
  public static void encode(InferenceResponse response, OutputForms forms, ResponseTarget target)
      throws IOException {
    encode(response, forms, null, target);
  }

  /**
   * Writes the answer, which stays the caller's to close.
   *
   * @param variant the model that was chosen for the caller, which the answer then names among its
   *     parameters; null if the caller did
   * @throws InferenceException if an output that is to travel in JSON cannot; nothing was written
   */
  public static void encode(
      InferenceResponse response,
      OutputForms forms,
      @Nullable String variant,
      ResponseTarget target)
      throws IOException {
    long binaryBytes = 0;
    long jsonBytes = 0;
    for (NamedTensor output : response.outputs()) {
      if (forms.isBinary(output.name())) {
        binaryBytes += output.tensor().byteSize();
      } else {
        JsonOutput.requireExpressible(output);
        jsonBytes += 3L * output.tensor().byteSize();
      }
    }
    long envelope = ENVELOPE + (long) ENVELOPE_PER_OUTPUT * response.outputs().size();
    if (binaryBytes == 0) {
      writeJson(response, forms, variant, target.beginJson(jsonBytes), envelope + jsonBytes);
      return;
    }
    ByteSink json = new ByteSink();
    writeJson(response, forms, variant, json, envelope + jsonBytes);
    OutputStream body = target.beginBinary(json.size(), json.size() + binaryBytes);
    json.writeTo(body);
    for (NamedTensor output : response.outputs()) {
      if (forms.isBinary(output.name())) {
        writeBinary(output.tensor().data(), body);
      }
    }
  }

  private static void writeJson(
      InferenceResponse response,
      OutputForms forms,
      @Nullable String variant,
      OutputStream target,
      long estimatedLength)
      throws IOException {
    JsonWriter json = new JsonWriter(target, estimatedLength);
    json.raw("{\"model_name\":").string(response.modelName());
    json.raw(",\"model_version\":\"").number(response.modelVersion()).raw("\"");
    if (response.id() != null) {
      json.raw(",\"id\":").string(response.id());
    }
    if (variant != null) {
      json.raw(",\"parameters\":{\"variant\":").string(variant).raw("}");
    }
    json.raw(",\"outputs\":[");
    boolean first = true;
    for (NamedTensor output : response.outputs()) {
      json.raw(first ? "" : ",");
      writeOutput(json, output, forms.isBinary(output.name()));
      first = false;
    }
    json.raw("]}").flush();
  }

  private static void writeOutput(JsonWriter json, NamedTensor output, boolean binary)
      throws IOException {
    Tensor tensor = output.tensor();
    json.raw("{\"name\":").string(output.name());
    json.raw(",\"datatype\":\"").raw(tensor.dataType().name()).raw("\",\"shape\":[");
    Shape shape = tensor.shape();
    for (int axis = 0; axis < shape.rank(); axis++) {
      json.raw(axis == 0 ? "" : ",").number(shape.dim(axis));
    }
    if (binary) {
      json.raw("],\"parameters\":{\"binary_data_size\":").number(tensor.byteSize()).raw("}}");
    } else {
      json.raw("],\"data\":[");
      JsonOutput.writeElements(json, tensor);
      json.raw("]}");
    }
  }

  private static void writeBinary(ByteBuffer data, OutputStream body) throws IOException {
    if (body instanceof ServletOutputStream servlet) {
      servlet.write(data);
      return;
    }
    byte[] chunk = new byte[Math.min(CHUNK, data.remaining())];
    while (data.hasRemaining()) {
      int count = Math.min(chunk.length, data.remaining());
      data.get(chunk, 0, count);
      body.write(chunk, 0, count);
    }
  }
}
