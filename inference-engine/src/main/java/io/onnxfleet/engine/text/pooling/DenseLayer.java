package io.onnxfleet.engine.text.pooling;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.TextFile;
import io.onnxfleet.engine.textsettings.SideFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;

/**
 * A layer that sentence-transformers puts behind the pooling: {@code activation(weights * vector +
 * bias)}. Immutable, thread-safe. Holds at most {@link Safetensors#MOST_BYTES} of weights.
 */
public final class DenseLayer {
  private static final String WEIGHTS = "model.safetensors";
  private static final String CONFIG = "config.json";
  private static final int MOST_CONFIG_BYTES = 1 << 20;

  /** What the numbers go through in the end. */
  private enum Activation {
    IDENTITY,
    TANH,
    RELU,
    SIGMOID,
    SILU;

    float of(double value) {
      return (float)
          switch (this) {
            case IDENTITY -> value;
            case TANH -> Math.tanh(value);
            case RELU -> Math.max(0, value);
            case SIGMOID -> 1 / (1 + Math.exp(-value));
            case SILU -> value / (1 + Math.exp(-value));
          };
    }
  }

  private final int in;
  private final int out;
  private final float[] weights;
  private final float[] bias;
  private final Activation activation;

  private DenseLayer(int in, int out, float[] weights, float[] bias, Activation activation) {
    this.in = in;
    this.out = out;
    this.weights = weights;
    this.bias = bias;
    this.activation = activation;
  }

  /**
   * Reads a layer's folder.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if it is none
   */
  public static DenseLayer read(SideFiles files, String folder) {
    String place = folder + "/";
    JsonObject config = config(files, place);
    int in = number(place, config, "in_features");
    int out = number(place, config, "out_features");
    Path file = find(files, place + WEIGHTS);
    Map<String, Safetensors.Tensor> tensors;
    try {
      tensors = Safetensors.read(files.read(file, Safetensors.MOST_BYTES));
    } catch (IOException malformed) {
      throw failed(place + WEIGHTS + ": " + malformed.getMessage());
    }
    float[] weights = values(place, tensors, "linear.weight", out, in);
    boolean hasBias = flag(place, config, "bias");
    float[] bias = hasBias ? values(place, tensors, "linear.bias", out) : new float[out];
    return new DenseLayer(in, out, weights, bias, activation(place, config));
  }

  public int dimensions() {
    return out;
  }

  double[] apply(double[] vector) {
    if (vector.length != in) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED,
          "a vector of %d numbers before a dense layer (expected %d)".formatted(vector.length, in));
    }
    double[] result = new double[out];
    for (int row = 0; row < out; row++) {
      double sum = bias[row];
      int begin = row * in;
      for (int column = 0; column < in; column++) {
        sum += weights[begin + column] * vector[column];
      }
      result[row] = activation.of(sum);
    }
    return result;
  }

  private static JsonObject config(SideFiles files, String place) {
    try {
      JsonElement config =
          JsonParser.parseString(
              TextFile.text(files.read(find(files, place + CONFIG), MOST_CONFIG_BYTES)));
      if (config.isJsonObject()) {
        return config.getAsJsonObject();
      }
    } catch (IOException | JsonParseException malformed) {
      throw failed("%s%s: %s".formatted(place, CONFIG, malformed.getMessage()));
    }
    throw failed(place + CONFIG + " (expected a JSON object)");
  }

  private static int number(String place, JsonObject config, String key) {
    try {
      int number = config.get(key).getAsInt();
      if (number >= 1) {
        return number;
      }
    } catch (RuntimeException absent) {
      // said below
    }
    throw failed("%s%s, %s: %s (expected >= 1)".formatted(place, CONFIG, key, config.get(key)));
  }

  /** True where nothing is said. */
  private static boolean flag(String place, JsonObject config, String key) {
    JsonElement said = config.get(key);
    if (said == null || said.isJsonNull()) {
      return true;
    }
    if (!said.isJsonPrimitive() || !said.getAsJsonPrimitive().isBoolean()) {
      throw failed("%s%s, %s: %s (expected true or false)".formatted(place, CONFIG, key, said));
    }
    return said.getAsBoolean();
  }

  /** As the library that wrote it, which takes the hyperbolic tangent where nothing is said. */
  private static Activation activation(String place, JsonObject config) {
    JsonElement named = config.get("activation_function");
    if (named == null || named.isJsonNull()) {
      return Activation.TANH;
    }
    if (!named.isJsonPrimitive() || !named.getAsJsonPrimitive().isString()) {
      throw failed(
          "%s%s, activation_function: %s (expected a string)".formatted(place, CONFIG, named));
    }
    String name = named.getAsString();
    String plain = name.substring(name.lastIndexOf('.') + 1).toUpperCase(Locale.ROOT);
    for (Activation activation : Activation.values()) {
      if (activation.name().equals(plain)) {
        return activation;
      }
    }
    throw failed(
        "%s%s, activation_function: %s (expected one of %s)"
            .formatted(place, CONFIG, name, Arrays.toString(Activation.values())));
  }

  private static float[] values(
      String place, Map<String, Safetensors.Tensor> tensors, String name, int... shape) {
    Safetensors.Tensor tensor = tensors.get(name);
    if (tensor == null || !Arrays.equals(tensor.shape(), shape)) {
      throw failed(
          "%s%s, %s: %s (expected %s)"
              .formatted(
                  place,
                  WEIGHTS,
                  name,
                  tensor == null ? "absent" : Arrays.toString(tensor.shape()),
                  Arrays.toString(shape)));
    }
    return tensor.values();
  }

  private static Path find(SideFiles files, String name) {
    return files.find(name).orElseThrow(() -> failed(name + " (expected a file)"));
  }

  private static InferenceException failed(String message) {
    return new InferenceException(ErrorCode.MODEL_LOAD_FAILED, message);
  }
}
