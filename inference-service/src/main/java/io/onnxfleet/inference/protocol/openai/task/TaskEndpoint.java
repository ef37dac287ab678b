package io.onnxfleet.inference.protocol.openai.task;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.inference.configuration.FleetProperties;
import io.onnxfleet.inference.load.ReplicaLoad;
import io.onnxfleet.inference.protocol.call.AnsweredUnits;
import io.onnxfleet.inference.protocol.call.AnsweringContent;
import io.onnxfleet.inference.protocol.call.AskedModel;
import io.onnxfleet.inference.protocol.call.Callers;
import io.onnxfleet.inference.protocol.call.ModelCalls;
import io.onnxfleet.inference.protocol.http.Json;
import io.onnxfleet.inference.protocol.http.JsonAnswer;
import io.onnxfleet.inference.protocol.http.RequestBodies;
import io.onnxfleet.inference.protocol.http.RequestBody;
import io.onnxfleet.inference.protocol.openai.embeddings.EmbeddingsHeaders;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.stereotype.Component;
import tools.jackson.core.JsonGenerator;

/**
 * Answers a request for a text task in the calling thread, which is a virtual one: it decodes,
 * waits and encodes. Tokenizing has threads of its own. Thread-safe.
 */
@Component
public final class TaskEndpoint {
  private final InferenceEngine engine;
  private final TextModels models;
  private final ModelCalls calls;
  private final FleetProperties fleet;
  private final ReplicaLoad load;
  private final RequestBodies bodies;

  TaskEndpoint(
      InferenceEngine engine,
      TextModels models,
      ModelCalls calls,
      FleetProperties fleet,
      ReplicaLoad load,
      RequestBodies bodies) {
    this.engine = engine;
    this.models = models;
    this.calls = calls;
    this.fleet = fleet;
    this.load = load;
    this.bodies = bodies;
  }

  /**
   * Writes the answer.
   *
   * @throws InferenceException if there is none
   */
  public <R, T> void serve(
      TextService<R, T> service, HttpServletRequest http, HttpServletResponse response)
      throws IOException {
    long accepted = engine.ticker().nanoTime();
    Deadline deadline = calls.deadline(http, accepted);
    // What is read of the body stays counted as long as its texts are held.
    try (var _ = calls.enter();
        RequestBody body = bodies.open(http, deadline)) {
      R request = service.read(body);
      TaskRequest shared = service.shared(request);
      AskedModel asked = AskedModel.of(http, shared.model(), fleet.defaultModel());
      try (ReplicaLoad.Visit visit = load.enter(asked.name(), http, response)) {
        calls.await(engine.prepare(asked.name(), deadline), deadline, http, _ -> {});
        AnsweringContent content = new AnsweringContent(engine, asked.name(), asked.version());
        int level =
            Callers.level(shared.priority(), http, () -> engine.priorityLevels(asked.name(), null));
        TextModels.Question question =
            new TextModels.Question(asked.name(), asked.version(), deadline, Callers.of(http));
        T answer =
            calls.await(service.ask(models, question, request, level), deadline, http, _ -> {});
        visit.leave();
        content.tell(response);
        AnsweredUnits.tell(response, service.units(request, answer));
        if (!shared.ignored().isEmpty()) {
          response.setHeader(HeaderNames.IGNORED, EmbeddingsHeaders.ignored(shared.ignored()));
        }
        service.tell(request, answer, response);
        JsonAnswer.write(
            http,
            response,
            target -> {
              try (JsonGenerator json = Json.generator(target)) {
                service.write(json, asked.name(), request, answer);
              }
            });
      }
    }
  }
}
