package io.onnxfleet.inference.protocol.openai.task;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.http.Json;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * Reads the arguments of one body in one pass, without a tree. What is given twice is refused; what
 * a task does not know is noted and passed over; null counts as absent. Not thread-safe, used once.
 */
public final class BodyArguments {
  /** Names in one body. */
  static final int MAX_ARGUMENTS = 256;

  private static final String MODEL = "model";
  private static final String PRIORITY = "priority";

  /** What every task has. */
  static final List<String> SHARED = List.of(MODEL, PRIORITY);

  private final Set<String> seen = new HashSet<>();
  private final List<String> ignored = new ArrayList<>();
  private @Nullable String model;
  private int priority;

  private BodyArguments() {}

  /** Takes the arguments of a task. */
  @FunctionalInterface
  interface Reading {
    /** Reads a value that is not null; false if the task does not know the name. */
    boolean read(String name, ArgumentValue value);
  }

  /**
   * What every task's body says, once its own arguments were handed over.
   *
   * @throws InferenceException if the body is no JSON object, or an argument is refused
   * @throws IOException if the body cannot be read
   */
  static TaskRequest read(InputStream body, Reading reading) throws IOException {
    try (JsonParser parser = Json.parser(body)) {
      return new BodyArguments().read(parser, reading);
    } catch (JacksonException failure) {
      throw Json.refused(failure);
    }
  }

  private TaskRequest read(JsonParser parser, Reading reading) {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw InferenceException.invalidInput(
          "body: %s (expected a JSON object)", ArgumentValue.describe(parser.currentToken()));
    }
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      if (!seen.add(name)) {
        throw InferenceException.invalidInput("%s: given twice", Json.shortened(name));
      }
      if (seen.size() > MAX_ARGUMENTS) {
        throw InferenceException.invalidInput(
            "body: more than %d arguments (expected: <= %d)", MAX_ARGUMENTS, MAX_ARGUMENTS);
      }
      if (parser.nextToken() != JsonToken.VALUE_NULL) {
        read(name, new ArgumentValue(name, parser), reading);
      }
    }
    if (parser.nextToken() != null) {
      throw InferenceException.invalidInput(
          "body: %s behind the JSON object (expected nothing)",
          ArgumentValue.describe(parser.currentToken()));
    }
    return new TaskRequest(model, priority, ignored);
  }

  private void read(String name, ArgumentValue value, Reading reading) {
    switch (name) {
      case MODEL -> model = value.name();
      case PRIORITY -> priority = value.wholeNumber(0);
      default -> {
        if (!reading.read(name, value)) {
          value.skip();
          ignored.add(name);
        }
      }
    }
  }

  /** The refusal of a body that lacks an argument. */
  public static InferenceException absent(String name, String expected) {
    return InferenceException.invalidInput("%s: absent (expected %s)", name, expected);
  }
}
