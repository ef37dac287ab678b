package io.onnxfleet.inference.protocol.v2.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.json.JsonScanner;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.http.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Documents made at random, whole and damaged, read in pieces: the same tokens as Jackson's. */
class JsonScannerFuzzTest {
  private static final int ROUNDS = 10_000;
  private static final String[] VALUES = {
    "0",
    "-0",
    "1.5",
    "-2e-7",
    "12345678901234567890",
    "01",
    "1.",
    ".5",
    "1e",
    "-",
    "+1",
    "true",
    "false",
    "null",
    "nul",
    "\"\"",
    "\"a b\"",
    "\"\\n\\u00e9\\\\\\\"\"",
    "\"\u00e4\u20ac\"",
    "\"\\ud83d\\ude00\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\t\"",
    "'a'",
    "NaN",
    "[]",
    "{}",
    "//"
  };

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private int accepted;

  @Test
  void nextToken_agreesWithJackson_onEveryDocument() throws IOException {
    for (int round = 0; round < ROUNDS; round++) {
      byte[] document = document();
      List<String> expected = isUtf8(document) ? jackson(document) : List.of("refused");
      List<String> actual = scanned(document);
      if (!actual.equals(expected)) {
        throw new AssertionError(
            "-Dtest.seed=%d, round %d: %s is %s (expected %s)"
                .formatted(
                    seed, round, new String(document, StandardCharsets.UTF_8), actual, expected));
      }
      accepted += expected.contains("refused") ? 0 : 1;
    }
    assertThat(accepted).as("seed %d", seed).isBetween(ROUNDS / 10, ROUNDS * 9 / 10);
  }

  private List<String> scanned(byte[] document) throws IOException {
    List<String> tokens = new ArrayList<>();
    ArrayBody body = new ArrayBody(document, 1 + random.nextInt(20));
    JsonScanner json = new JsonScanner(body, document.length, InvalidJson.REFUSAL);
    try {
      while (!json.atEnd()) {
        io.onnxfleet.contract.json.JsonToken token = json.nextToken();
        tokens.add(token + (token.isStructStart() || token.isStructEnd() ? "" : json.string()));
      }
      if (tokens.isEmpty() || !isClosed(tokens)) {
        tokens.add("refused");
      }
    } catch (InferenceException refused) {
      assertThat(refused).hasMessageStartingWith("JSON, line ");
      tokens.add("refused");
    }
    return ending(tokens);
  }

  private static List<String> jackson(byte[] document) {
    List<String> tokens = new ArrayList<>();
    try (JsonParser json = Json.parser(document, document.length)) {
      for (JsonToken token = json.nextToken(); token != null; token = json.nextToken()) {
        tokens.add(token + (token.isStructStart() || token.isStructEnd() ? "" : json.getString()));
        if (isClosed(tokens) && json.nextToken() != null) {
          tokens.add("refused"); // a second document, which this parser would go on to read
          break;
        }
      }
      if (tokens.isEmpty() || tokens.stream().anyMatch(JsonScannerFuzzTest::isNoText)) {
        tokens.add("refused");
      }
    } catch (JacksonException refused) {
      tokens.add("refused");
    }
    return ending(tokens);
  }

  // Jackson reads some bytes that are none as characters.
  private static boolean isUtf8(byte[] document) {
    try {
      StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(document));
      return true;
    } catch (CharacterCodingException malformed) {
      return false;
    }
  }

  private static boolean isClosed(List<String> tokens) {
    int depth = 0;
    for (String token : tokens) {
      depth += token.startsWith("START") ? 1 : token.startsWith("END") ? -1 : 0;
    }
    return depth == 0;
  }

  private static boolean isNoText(String token) {
    return token.codePoints().anyMatch(point -> point >= 0xD800 && point < 0xE000);
  }

  // How far each got before it refused is its own affair.
  private static List<String> ending(List<String> tokens) {
    return tokens.getLast().equals("refused") ? List.of("refused") : tokens;
  }

  private byte[] document() {
    StringBuilder text = new StringBuilder();
    append(text, 0);
    byte[] whole = text.toString().getBytes(StandardCharsets.UTF_8);
    if (random.nextInt(3) > 0) {
      return whole;
    }
    ByteArrayOutputStream damaged = new ByteArrayOutputStream();
    int at = random.nextInt(whole.length + 1);
    int until = Math.min(whole.length, at + random.nextInt(3));
    damaged.write(whole, 0, at);
    if (random.nextBoolean()) {
      damaged.write("[]{},:\"\\ 1a\u0000\u00ff".charAt(random.nextInt(13)));
    }
    damaged.write(whole, until, whole.length - until);
    return damaged.toByteArray();
  }

  private void append(StringBuilder text, int depth) {
    space(text);
    int kind = depth > 4 ? 0 : random.nextInt(depth == 0 ? 2 : 4);
    if (depth > 0 && kind < 2) {
      int valid = random.nextInt(60);
      text.append(VALUES[valid < 55 ? sound() : random.nextInt(VALUES.length)]);
    } else {
      boolean object = kind % 2 == 0;
      text.append(object ? '{' : '[');
      int count = random.nextInt(5);
      for (int index = 0; index < count; index++) {
        text.append(index == 0 ? "" : ",");
        if (object) {
          space(text);
          text.append("\"k").append(index).append("\\t\"");
          space(text);
          text.append(':');
        }
        append(text, depth + 1);
      }
      space(text);
      text.append(object ? '}' : ']');
    }
    space(text);
  }

  /** A value that JSON has. */
  private int sound() {
    while (true) {
      int index = random.nextInt(VALUES.length);
      if (!List.of(
              "01",
              "1.",
              ".5",
              "1e",
              "-",
              "+1",
              "nul",
              "\"\\x\"",
              "\"\\u12\"",
              "\"\t\"",
              "'a'",
              "NaN",
              "//")
          .contains(VALUES[index])) {
        return index;
      }
    }
  }

  private void space(StringBuilder text) {
    if (random.nextInt(4) == 0) {
      text.append(" \n\t\r".charAt(random.nextInt(4)));
    }
  }
}
