package io.onnxfleet.inference.protocol.openai.task;

import io.onnxfleet.engine.error.InferenceException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/**
 * The arguments that the requests of one task have: their names, and how each is read. What is not
 * among them is ignored. Immutable.
 *
 * @param <R> what takes their values, one for each request
 */
public final class TaskArguments<R> {
  private final Map<String, BiConsumer<R, ArgumentValue>> readings;

  private TaskArguments(Map<String, BiConsumer<R, ArgumentValue>> readings) {
    this.readings = Collections.unmodifiableMap(readings);
  }

  /** Those of a task that has none of its own yet. */
  public static <R> TaskArguments<R> none() {
    return new TaskArguments<>(Map.of());
  }

  /**
   * The same and one more.
   *
   * @param reading takes a value that is not null
   */
  public TaskArguments<R> with(String name, BiConsumer<R, ArgumentValue> reading) {
    Map<String, BiConsumer<R, ArgumentValue>> more = new LinkedHashMap<>(readings);
    more.put(name, reading);
    return new TaskArguments<>(more);
  }

  /** Their names, with those that every task has. */
  public Set<String> names() {
    Set<String> names = new LinkedHashSet<>(BodyArguments.SHARED);
    names.addAll(readings.keySet());
    return Collections.unmodifiableSet(names);
  }

  /**
   * What every task's body says, once its own arguments were handed over.
   *
   * @throws InferenceException if the body is no JSON object, or an argument is refused
   * @throws IOException if the body cannot be read
   */
  public TaskRequest read(InputStream body, R request) throws IOException {
    return BodyArguments.read(
        body,
        (name, value) -> {
          BiConsumer<R, ArgumentValue> reading = readings.get(name);
          if (reading != null) {
            reading.accept(request, value);
          }
          return reading != null;
        });
  }
}
