package io.onnxfleet.engine.repository.config.reading;

import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Writes signatures shortly: {@code "x FP32[batch,?,3]; y? INT64[]"}, where a word is a variable
 * dimension of that name, {@code ?} one without, and a name's question mark makes an input
 * optional.
 */
final class Signatures {
  private static final Pattern TENSOR = Pattern.compile("(\\S+?)(\\?)? (\\w+)\\[(.*)]");

  private Signatures() {}

  static ModelSignature signature(String inputs, String outputs) {
    return new ModelSignature(tensors(inputs), tensors(outputs), Map.of());
  }

  private static List<TensorSpec> tensors(String text) {
    List<TensorSpec> tensors = new ArrayList<>();
    for (String tensor : text.isEmpty() ? new String[0] : text.split("; ", -1)) {
      Matcher parts = TENSOR.matcher(tensor);
      if (!parts.matches()) {
        throw new IllegalArgumentException(tensor);
      }
      tensors.add(tensor(parts.group(1), parts.group(3), parts.group(4), parts.group(2) != null));
    }
    return tensors;
  }

  private static TensorSpec tensor(String name, String type, String dims, boolean optional) {
    List<String> names = new ArrayList<>();
    List<Long> sizes = new ArrayList<>();
    for (String dim : dims.isEmpty() ? new String[0] : dims.split(",", -1)) {
      boolean isSize = dim.chars().allMatch(Character::isDigit);
      sizes.add(isSize ? Long.parseLong(dim) : Shape.VARIABLE);
      names.add(isSize || dim.equals("?") ? "" : dim);
    }
    Shape shape = Shape.of(sizes.stream().mapToLong(Long::longValue).toArray());
    return new TensorSpec(name, DataType.parse(type), shape, optional, names);
  }
}
