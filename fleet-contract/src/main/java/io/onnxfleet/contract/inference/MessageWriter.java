package io.onnxfleet.contract.inference;

import io.onnxfleet.contract.json.ByteSink;
import io.onnxfleet.contract.json.JsonWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes the protocol's messages. Lives for one. */
final class MessageWriter {

  private final ByteSink bytes = new ByteSink();
  private final JsonWriter json = new JsonWriter(bytes, 1024);
  private final boolean binary;

  private MessageWriter(boolean binary) {
    this.binary = binary;
  }

  static WireMessage write(InferRequest request, boolean binary) {
    MessageWriter writer = new MessageWriter(binary);
    try {
      writer.request(request);
      return writer.finish(request.inputs());
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  static WireMessage write(InferResponse response, boolean binary) {
    MessageWriter writer = new MessageWriter(binary);
    try {
      writer.response(response);
      return writer.finish(response.outputs());
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
  }

  private void request(InferRequest request) throws IOException {
    json.raw("{");
    id(request.id());
    InferRequest.Parameters parameters = request.parameters();
    json.raw("\"parameters\":{\"priority\":").number(parameters.priority());
    json.raw(",\"timeout\":").number(parameters.timeoutMicros());
    json.raw(",\"binary_data_output\":").raw(String.valueOf(parameters.binaryOutputs()));
    json.raw("},\"inputs\":");
    tensors(request.inputs());
    if (!request.outputs().isEmpty()) {
      json.raw(",\"outputs\":[");
      String comma = "";
      for (InferRequest.Output output : request.outputs()) {
        json.raw(comma).raw("{\"name\":").string(output.name()).raw(",\"parameters\":{");
        comma = ",";
        if (output.binary() != null) {
          json.raw("\"binary_data\":").raw(output.binary().toString());
          json.raw(output.classes() > 0 ? "," : "");
        }
        if (output.classes() > 0) {
          json.raw("\"classification\":").number(output.classes());
        }
        json.raw("}}");
      }
      json.raw("]");
    }
    json.raw("}");
  }

  private void response(InferResponse response) throws IOException {
    json.raw("{\"model_name\":").string(response.model());
    json.raw(",\"model_version\":").string(response.version()).raw(",");
    id(response.id());
    if (response.variant() != null) {
      json.raw("\"parameters\":{\"variant\":").string(response.variant()).raw("},");
    }
    json.raw("\"outputs\":");
    tensors(response.outputs());
    json.raw("}");
  }

  private void id(@Nullable String id) throws IOException {
    if (id != null) {
      json.raw("\"id\":").string(id).raw(",");
    }
  }

  private void tensors(List<WireTensor> tensors) throws IOException {
    String comma = "[";
    for (WireTensor tensor : tensors) {
      json.raw(comma).raw("{\"name\":").string(tensor.name());
      comma = ",";
      json.raw(",\"datatype\":\"").raw(tensor.datatype().name()).raw("\",\"shape\":");
      String separator = "[";
      for (long dimension : tensor.shape()) {
        json.raw(separator).number(dimension);
        separator = ",";
      }
      json.raw(tensor.shape().isEmpty() ? "[]" : "]");
      if (isBinary(tensor)) {
        json.raw(",\"parameters\":{\"binary_data_size\":").number(tensor.data().remaining());
        json.raw("}}");
      } else {
        json.raw(",\"data\":[");
        TensorElements.write(json, tensor.datatype(), tensor.data());
        json.raw("]}");
      }
    }
    json.raw(tensors.isEmpty() ? "[]" : "]");
  }

  private boolean isBinary(WireTensor tensor) {
    return binary || !tensor.datatype().isInJson();
  }

  private WireMessage finish(List<WireTensor> tensors) throws IOException {
    json.flush();
    int length = bytes.size();
    for (WireTensor tensor : tensors) {
      if (isBinary(tensor)) {
        ByteBuffer data = tensor.data();
        int size = data.remaining();
        bytes.room(size).put(data);
        bytes.claim(size);
      }
    }
    byte[] body = Arrays.copyOf(bytes.array(), bytes.size());
    return new WireMessage(body, bytes.size() == length ? null : length);
  }
}
