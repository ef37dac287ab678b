package io.onnxfleet.inference.protocol.v2;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.catalog.ModelIndexEntry;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Bodies that tell of the server and its models, key by key as the protocol has them. */
final class ModelBodies {
  private ModelBodies() {}

  record Server(String name, String version, List<String> extensions) {}

  /** What may be asked of the index. */
  record IndexRequest(boolean ready) {}

  /** What the registry is told of this replica. */
  record Self(String id, Map<String, String> metadata) {}

  record Model(
      String name,
      List<String> versions,
      String platform,
      List<TensorBody> inputs,
      List<TensorBody> outputs) {

    static Model of(ModelMetadata model) {
      return new Model(
          model.name(),
          model.versions().stream().map(String::valueOf).toList(),
          model.platform(),
          model.inputs().stream().map(TensorBody::of).toList(),
          model.outputs().stream().map(TensorBody::of).toList());
    }
  }

  /** A variable dimension is -1. */
  record TensorBody(String name, String datatype, List<Long> shape) {
    static TensorBody of(TensorSpec spec) {
      List<Long> shape = Arrays.stream(spec.shape().dims()).boxed().toList();
      return new TensorBody(spec.name(), spec.dataType().name(), shape);
    }
  }

  @JsonInclude(JsonInclude.Include.NON_NULL)
  record IndexEntry(String name, @Nullable String version, String state, String reason) {
    static IndexEntry of(ModelIndexEntry entry) {
      String version = entry.version() == null ? null : entry.version().toString();
      return new IndexEntry(entry.name(), version, entry.state().name(), entry.reason());
    }
  }
}
