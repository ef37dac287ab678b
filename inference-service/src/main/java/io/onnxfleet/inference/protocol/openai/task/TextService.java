package io.onnxfleet.inference.protocol.openai.task;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextModels;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JsonGenerator;

/**
 * One text task: how its request is read, asked of the engine and answered. Thread-safe.
 *
 * @param <R> its request
 * @param <T> the engine's answer
 */
public interface TextService<R, T> {
  /** The call that it serves. */
  ApiCall call();

  /** The arguments of its requests. */
  TaskArguments<?> arguments();

  /**
   * Reads a body.
   *
   * @throws InferenceException if it is no request of this task
   */
  R read(InputStream body) throws IOException;

  /** What it shares with the requests of all tasks. */
  TaskRequest shared(R request);

  /**
   * Asks the engine.
   *
   * @param question names the model
   * @param level in which the texts wait
   */
  CompletableFuture<T> ask(TextModels models, TextModels.Question question, R request, int level);

  /** What the answer took. */
  InferenceUnits units(R request, T answer);

  /** Says in headers what the body has no place for. */
  default void tell(R request, T answer, HttpServletResponse response) {}

  /** Writes the answer, one JSON object. */
  void write(JsonGenerator json, String model, R request, T answer);
}
