package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.inference.protocol.http.Json;
import jakarta.servlet.ServletOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;

/**
 * Writes an answer from its tensors' memory: outputs in JSON as numbers in their shortest exact
 * form, outputs in binary as they are. What JSON cannot express is found before the first byte
 * leaves. Stateless.
 */
public final class InferResponseEncoder {
  private static final int CHUNK = 16 << 10;

  private InferResponseEncoder() {}

  /**
   * Writes the answer, which stays the caller's to close.
   *
   * @throws InferenceException if an output that is to travel in JSON cannot; nothing was written
   */
  public static void encode(InferenceResponse response, OutputForms forms, ResponseTarget target)
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
    if (binaryBytes == 0) {
      writeJson(response, forms, target.beginJson(jsonBytes));
      return;
    }
    ByteSink json = new ByteSink();
    writeJson(response, forms, json);
    OutputStream body = target.beginBinary(json.size(), json.size() + binaryBytes);
    json.writeTo(body);
    for (NamedTensor output : response.outputs()) {
      if (forms.isBinary(output.name())) {
        writeBinary(output.tensor().data(), body);
      }
    }
  }

  private static void writeJson(InferenceResponse response, OutputForms forms, OutputStream target)
      throws IOException {
    try (JsonGenerator json = Json.generator(target)) {
      json.writeStartObject();
      json.writeStringProperty("model_name", response.modelName());
      json.writeStringProperty("model_version", Long.toString(response.modelVersion()));
      if (response.id() != null) {
        json.writeStringProperty("id", response.id());
      }
      json.writeName("outputs").writeStartArray();
      for (NamedTensor output : response.outputs()) {
        writeOutput(json, output, forms.isBinary(output.name()));
      }
      json.writeEndArray();
      json.writeEndObject();
    } catch (JacksonException failure) {
      if (failure.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw failure;
    }
  }

  private static void writeOutput(JsonGenerator json, NamedTensor output, boolean binary) {
    Tensor tensor = output.tensor();
    json.writeStartObject();
    json.writeStringProperty("name", output.name());
    json.writeStringProperty("datatype", tensor.dataType().name());
    json.writeName("shape").writeStartArray();
    Shape shape = tensor.shape();
    for (int axis = 0; axis < shape.rank(); axis++) {
      json.writeNumber(shape.dim(axis));
    }
    json.writeEndArray();
    if (binary) {
      json.writeName("parameters").writeStartObject();
      json.writeNumberProperty("binary_data_size", tensor.byteSize());
      json.writeEndObject();
    } else {
      json.writeName("data").writeStartArray();
      JsonOutput.writeElements(json, tensor);
      json.writeEndArray();
    }
    json.writeEndObject();
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
