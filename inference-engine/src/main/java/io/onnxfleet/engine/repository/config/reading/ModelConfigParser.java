package io.onnxfleet.engine.repository.config.reading;

import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumDescriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.TextFormat;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.TextFile;
import io.onnxfleet.engine.repository.proto.ModelConfigProto;
import io.onnxfleet.engine.repository.proto.ModelConfigSchema;
import java.io.IOException;
import java.io.UnsupportedEncodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Reads Triton's model configuration in protobuf's text format.
 *
 * <p>Whatever the text holds, the outcome is a {@link DeclaredConfig} or an {@link
 * InferenceException} that names the file, line, column and field, and for a wrong name the nearest
 * right one. Files above {@value #MAX_BYTES} bytes are refused unread.
 */
public final class ModelConfigParser {
  static final int MAX_BYTES = 4 << 20;

  /** The deepest message of the schema has 7 levels. */
  private static final int MAX_NESTING = 16;

  private static final int MAX_UNKNOWN_FIELDS_NAMED = 3;

  private static final TextFormat.Parser PARSER =
      TextFormat.Parser.newBuilder()
          .setSingularOverwritePolicy(
              TextFormat.Parser.SingularOverwritePolicy.FORBID_SINGULAR_OVERWRITES)
          .setRecursionLimit(MAX_NESTING)
          .build();

  /** How protobuf reports one unknown field: line, column, message, field. */
  private static final Pattern UNKNOWN_FIELD =
      Pattern.compile("^(\\d+):(\\d+):\\t([\\w.]+?)\\.(\\[.*\\]|\\w+)$", Pattern.MULTILINE);

  private static final Pattern UNKNOWN_ENUM_VALUE =
      Pattern.compile("Enum type \"([\\w.]+)\" has no value named \"([^\"]*)\"");

  /** The field before a value, which may stand in a list. */
  private static final Pattern FIELD_BEFORE_VALUE =
      Pattern.compile("(\\w+)\\s*(?::\\s*(?:\\[[^\\[\\]{}]*)?)?$");

  /** How far before a value its field's name is looked for. */
  private static final int FIELD_SEARCH = 500;

  private static final Map<String, Descriptor> MESSAGES = new HashMap<>();
  private static final Map<String, EnumDescriptor> ENUMS = new HashMap<>();

  static {
    ModelConfigSchema.getDescriptor().getEnumTypes().forEach(ModelConfigParser::index);
    ModelConfigSchema.getDescriptor().getMessageTypes().forEach(ModelConfigParser::index);
  }

  private ModelConfigParser() {}

  private static void index(Descriptor message) {
    MESSAGES.put(message.getFullName(), message);
    message.getEnumTypes().forEach(ModelConfigParser::index);
    message.getNestedTypes().forEach(ModelConfigParser::index);
  }

  private static void index(EnumDescriptor type) {
    ENUMS.put(type.getFullName(), type);
  }

  /**
   * Reads a file; messages name it by its folder and its name.
   *
   * @throws InferenceException if it cannot be read or is no configuration
   */
  public static DeclaredConfig read(Path file) {
    Path absolute = file.toAbsolutePath();
    String source =
        absolute.getNameCount() < 2
            ? absolute.toString()
            : absolute.getName(absolute.getNameCount() - 2) + "/" + absolute.getFileName();
    String text;
    try {
      long bytes = Files.size(file);
      if (bytes > MAX_BYTES) {
        throw ConfigFailure.invalid("%s: %d bytes (expected: <= %d)", source, bytes, MAX_BYTES);
      }
      text = TextFile.read(file);
    } catch (UnsupportedEncodingException other) {
      throw ConfigFailure.invalid("%s: %s", source, other.getMessage());
    } catch (IOException unreadable) {
      throw ConfigFailure.invalid(
          "%s: %s (expected a readable file)", source, unreadable.getClass().getSimpleName());
    }
    return parse(source, text);
  }

  /**
   * Reads a text.
   *
   * @param source what messages call it: {@code simple/config.pbtxt}
   * @throws InferenceException if it is no configuration
   */
  public static DeclaredConfig parse(String source, String text) {
    ModelConfigProto.Builder builder = ModelConfigProto.newBuilder();
    try {
      PARSER.merge(text, builder);
    } catch (TextFormat.ParseException malformed) {
      throw ConfigFailure.invalid("%s", describe(source, text, malformed));
    }
    ModelConfigProto proto = builder.build();
    checkEnumNumbers(source, proto);
    try {
      return new DeclaredConfig(source, proto);
    } catch (IllegalArgumentException | InferenceException outOfRange) {
      throw ConfigFailure.invalid("%s: %s", source, outOfRange.getMessage());
    }
  }

  private static String describe(String source, String text, TextFormat.ParseException malformed) {
    String message = String.valueOf(malformed.getMessage());
    List<String> unknown =
        UNKNOWN_FIELD
            .matcher(message)
            .results()
            .limit(MAX_UNKNOWN_FIELDS_NAMED)
            .map(
                found ->
                    "%s:%s:%s: unknown field '%s'%s"
                        .formatted(
                            source,
                            found.group(1),
                            found.group(2),
                            found.group(4),
                            NearestName.hint(found.group(4), fieldNames(found.group(3)))))
            .toList();
    if (!unknown.isEmpty()) {
      return String.join("; ", unknown);
    }
    String position = malformed.getLine() + ":" + malformed.getColumn();
    String reason = message.startsWith(position) ? message.substring(position.length()) : message;
    reason = reason.startsWith(": ") ? reason.substring(2) : reason;
    String field = fieldBefore(text, malformed.getLine(), malformed.getColumn());
    return "%s:%s: %s%s"
        .formatted(
            source,
            position,
            field == null ? "" : "field '" + field + "': ",
            describeValue(reason.strip()));
  }

  private static String describeValue(String reason) {
    Matcher enumValue = UNKNOWN_ENUM_VALUE.matcher(reason);
    if (!enumValue.find()) {
      return reason;
    }
    EnumDescriptor type = ENUMS.get(enumValue.group(1));
    String value = enumValue.group(2);
    return "unknown value '" + value + "'" + (type == null ? "" : hint(value, type));
  }

  private static String hint(String value, EnumDescriptor type) {
    return NearestName.hint(
        value, type.getValues().stream().map(EnumValueDescriptor::getName).toList());
  }

  private static Collection<String> fieldNames(String message) {
    Descriptor descriptor = MESSAGES.get(message);
    return descriptor == null
        ? List.of()
        : descriptor.getFields().stream()
            .map(FieldDescriptor::getName)
            .collect(Collectors.toUnmodifiableList());
  }

  /** The field whose value stands at that position, or null if that is not clear. */
  private static @Nullable String fieldBefore(String text, int line, int column) {
    int lineStart = 0;
    for (int passed = 1; passed < line && lineStart >= 0; passed++) {
      lineStart = text.indexOf('\n', lineStart) + 1;
    }
    int end = lineStart + column - 1;
    if (line < 1 || end < 0 || end > text.length()) {
      return null;
    }
    String before = text.substring(Math.max(0, end - FIELD_SEARCH), end);
    Matcher field = FIELD_BEFORE_VALUE.matcher(before);
    return field.find() ? field.group(1) : null;
  }

  /** Refuses numbers without a name, which the text format lets through. */
  private static void checkEnumNumbers(String source, Message message) {
    message
        .getAllFields()
        .forEach(
            (field, value) -> {
              for (Object element : value instanceof List<?> list ? list : List.of(value)) {
                if (element instanceof Message nested) {
                  checkEnumNumbers(source, nested);
                } else if (element instanceof EnumValueDescriptor number && number.getIndex() < 0) {
                  throw ConfigFailure.invalid(
                      "%s: field '%s': unknown value '%d'%s",
                      source,
                      field.getName(),
                      number.getNumber(),
                      hint(String.valueOf(number.getNumber()), field.getEnumType()));
                }
              }
            });
  }
}
