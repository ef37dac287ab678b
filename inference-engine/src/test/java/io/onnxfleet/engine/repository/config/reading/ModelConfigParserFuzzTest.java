package io.onnxfleet.engine.repository.config.reading;

import static io.onnxfleet.engine.repository.config.reading.Signatures.signature;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.proto.ModelConfigProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Whatever the text, it is read, or refused by the one exception with a message. */
final class ModelConfigParserFuzzTest {
  private static final int MUTATIONS = 4_000;
  private static final int GENERATED = 1_000;

  private static final List<String> SEEDS =
      List.of(
          """
          name: "simple"
          platform: "onnxruntime_onnx"
          max_batch_size: 8
          input [ { name: "INPUT0" data_type: TYPE_INT32 dims: [ 16 ] reshape { shape: [ 4, 4 ] } } ]
          output [ { name: "OUTPUT0", data_type: TYPE_INT32, dims: [ -1 ] } ]
          """,
          """
          dynamic_batching {
            preferred_batch_size: [ 4, 8 ]
            priority_levels: 2 default_priority_level: 1
            priority_queue_policy { key: 1 value { timeout_action: DELAY max_queue_size: 3 } }
          }
          instance_group [ { count: 2 kind: KIND_GPU gpus: [ 0 ] } ]
          parameters: { key: "a" value: { string_value: 'b\\n\\x01' } }
          version_policy { specific { versions: [ 1, 2 ] } }
          """,
          """
          # Warm-up
          model_warmup [ { name: "w" batch_size: 1 inputs { key: "INPUT0"
            value { data_type: TYPE_INT32 dims: [ 16 ] random_data: true } } } ]
          optimization { graph { level: 1 } execution_accelerators {
            gpu_execution_accelerator [ { name: "tensorrt" } ] } }
          sequence_batching { direct { minimum_slot_utilization: 0.5 } }
          """);

  private static final List<String> TOKENS =
      List.of(
          "{",
          "}",
          "[",
          "]",
          "<",
          ">",
          ":",
          ",",
          ";",
          "\"",
          "'",
          "\\",
          "#",
          "\n",
          "\u0000",
          "-",
          "1e9",
          "0x",
          "99999999999999999999",
          "-9223372036854775808",
          "true",
          "inf",
          "nan",
          "\ud800",
          "\ud83d\ude42",
          "name",
          "dims",
          "input",
          "[a.b/c.d]",
          "TYPE_FP32",
          "KIND_",
          "\t",
          "\r");

  private final long seed = Long.getLong("test.seed", new Random().nextLong());
  private final Random random = new Random(seed);

  @Test
  void parse_failsByItsOwnExceptionAlone_whenTextIsMutated() {
    int read = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      StringBuilder text = new StringBuilder(SEEDS.get(random.nextInt(SEEDS.size())));
      for (int edits = random.nextInt(4); edits >= 0; edits--) {
        mutate(text);
      }
      read += isRead(text.toString()) ? 1 : 0;
    }

    assertThat(read).as("texts read of seed %d", seed).isBetween(1, MUTATIONS - 1);
  }

  @Test
  void parse_failsByItsOwnExceptionAlone_whenValidMessagesHoldAnyValue() {
    int read = 0;
    for (int i = 0; i < GENERATED; i++) {
      StringBuilder text = new StringBuilder();
      generate(ModelConfigProto.getDescriptor(), text, 0);
      read += isRead(text.toString()) ? 1 : 0;
    }

    assertThat(read).as("texts read of seed %d", seed).isPositive();
  }

  private void mutate(StringBuilder text) {
    int from = random.nextInt(text.length() + 1);
    int to = Math.min(text.length(), from + random.nextInt(12));
    switch (random.nextInt(4)) {
      case 0 -> text.delete(from, to);
      case 1 -> text.insert(from, TOKENS.get(random.nextInt(TOKENS.size())));
      case 2 -> text.insert(random.nextInt(text.length() + 1), text.substring(from, to));
      default -> text.insert(from, (char) random.nextInt(0x250));
    }
  }

  private void generate(Descriptor message, StringBuilder text, int depth) {
    List<FieldDescriptor> fields = new ArrayList<>(message.getFields());
    for (int count = random.nextInt(3); count >= 0 && depth < 6 && !fields.isEmpty(); count--) {
      FieldDescriptor field = fields.remove(random.nextInt(fields.size()));
      text.append(field.getName()).append(": ");
      switch (field.getJavaType()) {
        case MESSAGE -> {
          text.append("{ ");
          generate(field.getMessageType(), text, depth + 1);
          text.append('}');
        }
        case ENUM ->
            text.append(
                field
                    .getEnumType()
                    .getValues()
                    .get(random.nextInt(field.getEnumType().getValues().size()))
                    .getName());
        case STRING ->
            text.append(random.nextBoolean() ? "\"INPUT0\"" : "\"" + random.nextInt() + "\"");
        case BOOLEAN -> text.append(random.nextBoolean());
        case FLOAT, DOUBLE -> text.append(random.nextGaussian());
        default -> text.append(random.nextBoolean() ? random.nextInt(20) : random.nextLong());
      }
      text.append('\n');
    }
  }

  /** True if the text was read; what was read must then also be derived or refused. */
  private boolean isRead(String text) {
    DeclaredConfig config;
    try {
      config = ModelConfigParser.parse("simple/config.pbtxt", text);
    } catch (InferenceException refused) {
      assertThat(refused).as("seed %d: %s", seed, text).hasMessageStartingWith("simple/config.");
      return false;
    } catch (Throwable unexpected) {
      throw new AssertionError("seed " + seed + ": " + text, unexpected);
    }
    try {
      ModelConfigDerivation.derive(
          "simple", config, signature("INPUT0 INT32[?,16]", "OUTPUT0 INT32[?,?]"));
    } catch (InferenceException refused) {
      assertThat(refused.getMessage()).as("seed %d: %s", seed, text).isNotBlank();
    } catch (Throwable unexpected) {
      throw new AssertionError("seed " + seed + ": " + text, unexpected);
    }
    return true;
  }
}
