package io.onnxfleet.engine.repository.config.reading;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes a configuration as Triton does: fields by their declared names and in their declared
 * order, plain fields, lists and maps also where they are empty, messages only where they are set,
 * and 64-bit integers as numbers. Maps are sorted by key, so that equal configurations read the
 * same.
 */
final class ModelConfigJson {
  private final StringBuilder json = new StringBuilder(1024);

  private ModelConfigJson() {}

  static String write(Message message) {
    ModelConfigJson writer = new ModelConfigJson();
    writer.message(message);
    return writer.json.toString();
  }

  private void message(Message message) {
    String separator = "{";
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      if (field.hasPresence() && !message.hasField(field)) {
        continue;
      }
      json.append(separator);
      separator = ",";
      string(field.getName());
      json.append(':');
      Object value = message.getField(field);
      if (field.isMapField()) {
        map((Collection<?>) value);
      } else if (field.isRepeated()) {
        list((List<?>) value, field);
      } else {
        value(value, field);
      }
    }
    json.append(separator.equals("{") ? "{}" : "}");
  }

  private void list(List<?> values, FieldDescriptor field) {
    json.append('[');
    String separator = "";
    for (Object value : values) {
      json.append(separator);
      separator = ",";
      value(value, field);
    }
    json.append(']');
  }

  private void map(Collection<?> entries) {
    Map<String, Message> sorted = new TreeMap<>();
    for (Object entry : entries) {
      Message message = (Message) entry;
      FieldDescriptor key = message.getDescriptorForType().findFieldByNumber(1);
      sorted.put(plain(message.getField(key), key), message);
    }
    json.append('{');
    String separator = "";
    for (Map.Entry<String, Message> entry : sorted.entrySet()) {
      json.append(separator);
      separator = ",";
      string(entry.getKey());
      json.append(':');
      FieldDescriptor value = entry.getValue().getDescriptorForType().findFieldByNumber(2);
      value(entry.getValue().getField(value), value);
    }
    json.append('}');
  }

  private void value(Object value, FieldDescriptor field) {
    switch (value) {
      case Message message -> message(message);
      case EnumValueDescriptor name -> string(name.getName());
      case String text -> string(text);
      case Float number when !Float.isFinite(number) -> string(number.toString());
      case Double number when !Double.isFinite(number) -> string(number.toString());
      default -> json.append(plain(value, field));
    }
  }

  private static String plain(Object value, FieldDescriptor field) {
    return switch (field.getType()) {
      case UINT32 -> Integer.toUnsignedString((Integer) value);
      case UINT64 -> Long.toUnsignedString((Long) value);
      default -> value.toString();
    };
  }

  private void string(String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"', '\\' -> json.append('\\').append(c);
        case '\n' -> json.append("\\n");
        case '\r' -> json.append("\\r");
        case '\t' -> json.append("\\t");
        default -> {
          if (c < ' ') {
            json.append("\\u%04x".formatted((int) c));
          } else {
            json.append(c);
          }
        }
      }
    }
    json.append('"');
  }
}
