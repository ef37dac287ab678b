package io.onnxfleet.engine.runtime;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads JSON that tests trust: objects as maps, arrays as lists, all numbers as {@code Double},
 * literals as themselves in text.
 */
final class TestJson {
  private final String text;
  private int position;

  private TestJson(String text) {
    this.text = text;
  }

  static Object parse(String text) {
    return new TestJson(text).value();
  }

  private Object value() {
    return switch (next()) {
      case '{' -> object();
      case '[' -> array();
      case '"' -> string();
      default -> literal();
    };
  }

  private Map<String, Object> object() {
    Map<String, Object> members = new LinkedHashMap<>();
    position++;
    while (next() != '}') {
      String key = string();
      require(':');
      members.put(key, value());
      if (next() == ',') {
        position++;
      }
    }
    position++;
    return members;
  }

  private List<Object> array() {
    List<Object> elements = new ArrayList<>();
    position++;
    while (next() != ']') {
      elements.add(value());
      if (next() == ',') {
        position++;
      }
    }
    position++;
    return elements;
  }

  private String string() {
    require('"');
    StringBuilder string = new StringBuilder();
    while (text.charAt(position) != '"') {
      char character = text.charAt(position++);
      if (character == '\\') {
        character = text.charAt(position++);
        switch (character) {
          case 'n' -> character = '\n';
          case 't' -> character = '\t';
          case 'r' -> character = '\r';
          case 'u' -> {
            character = (char) Integer.parseInt(text.substring(position, position + 4), 16);
            position += 4;
          }
          default -> {}
        }
      }
      string.append(character);
    }
    position++;
    return string.toString();
  }

  private Object literal() {
    int start = position;
    while (position < text.length() && ",]} \n\r\t".indexOf(text.charAt(position)) < 0) {
      position++;
    }
    String literal = text.substring(start, position);
    return Character.isLetter(literal.charAt(0)) ? literal : Double.valueOf(literal);
  }

  private void require(char expected) {
    if (next() != expected) {
      throw new IllegalArgumentException(
          "character %d (expected %s)".formatted(position, expected));
    }
    position++;
  }

  private char next() {
    while (Character.isWhitespace(text.charAt(position))) {
      position++;
    }
    return text.charAt(position);
  }
}
