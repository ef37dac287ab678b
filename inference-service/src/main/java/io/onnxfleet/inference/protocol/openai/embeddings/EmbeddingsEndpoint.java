package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.text.EmbeddingOptions;
import io.onnxfleet.engine.text.Embeddings;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.inference.configuration.FleetProperties;
import io.onnxfleet.inference.load.ReplicaLoad;
import io.onnxfleet.inference.protocol.call.AnsweredUnits;
import io.onnxfleet.inference.protocol.call.AnsweringContent;
import io.onnxfleet.inference.protocol.call.Callers;
import io.onnxfleet.inference.protocol.call.ModelCalls;
import io.onnxfleet.inference.protocol.call.ModelVersions;
import io.onnxfleet.inference.protocol.http.ContentCoding;
import io.onnxfleet.inference.protocol.http.RequestBodies;
import io.onnxfleet.inference.protocol.http.RequestBody;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import tools.jackson.core.exc.JacksonIOException;

/**
 * Answers an embeddings request in the calling thread, which is a virtual one: it decodes, waits
 * and encodes. Tokenizing has threads of its own. Thread-safe.
 */
@Component
public final class EmbeddingsEndpoint {
  private final InferenceEngine engine;
  private final TextModels models;
  private final ModelCalls calls;
  private final FleetProperties fleet;
  private final ReplicaLoad load;
  private final RequestBodies bodies;

  EmbeddingsEndpoint(
      InferenceEngine engine,
      TextModels models,
      ModelCalls calls,
      FleetProperties fleet,
      ReplicaLoad load,
      RequestBodies bodies) {
    this.bodies = bodies;
    this.load = load;
    this.engine = engine;
    this.models = models;
    this.calls = calls;
    this.fleet = fleet;
  }

  /**
   * Writes the answer.
   *
   * @throws InferenceException if there is none
   */
  public void serve(HttpServletRequest http, HttpServletResponse response) throws IOException {
    long accepted = engine.ticker().nanoTime();
    Deadline deadline = calls.deadline(http, accepted);
    // What is read of the body stays counted as long as its texts are held.
    try (var _ = calls.enter();
        RequestBody body = bodies.open(http, deadline)) {
      EmbeddingsRequest request = EmbeddingsRequestReader.read(body);
      Asked asked = asked(http, request);
      try (ReplicaLoad.Visit visit = load.enter(asked.model(), http, response)) {
        calls.await(engine.prepare(asked.model(), deadline), deadline, http, _ -> {});
        AnsweringContent content = new AnsweringContent(engine, asked.model(), asked.version());
        AtomicReference<PromptChoice> choice = new AtomicReference<>();
        Embeddings embeddings =
            calls.await(
                models.embed(
                    asked.model(),
                    asked.version(),
                    request.input(),
                    options(asked.model(), request, http, choice),
                    deadline,
                    Callers.of(http)),
                deadline,
                http,
                _ -> {});
        visit.leave();
        content.tell(response);
        AnsweredUnits.tell(response, embeddings);
        tell(request, Objects.requireNonNull(choice.get()), embeddings, response);
        write(EmbeddingsResponse.of(asked.model(), request, embeddings), http, response);
      }
    }
  }

  /**
   * What is asked for of the model that is found.
   *
   * @param choice is told which prompt that was
   */
  private Function<TextModels.Description, EmbeddingOptions> options(
      String model,
      EmbeddingsRequest request,
      HttpServletRequest http,
      AtomicReference<PromptChoice> choice) {
    int level = Callers.level(request.priority(), http, () -> engine.priorityLevels(model, null));
    return described -> {
      if (request.dimensions() > 0 && described.dimensions() > 0) {
        EmbeddingsResponse.requireDimensions(request.dimensions(), described.dimensions());
      }
      PromptChoice chosen = PromptChoice.of(request, model, described.model().settings().prompts());
      choice.set(chosen);
      return new EmbeddingOptions(chosen.prompt(), request.normalize(), request.wholeOnly(), level);
    };
  }

  /**
   * What makes the vectors.
   *
   * @param version null for the highest READY one
   */
  private record Asked(String model, @Nullable Long version) {}

  private Asked asked(HttpServletRequest http, EmbeddingsRequest request) {
    String chosen = http.getHeader(HeaderNames.VARIANT);
    if (chosen == null) {
      return new Asked(Objects.requireNonNullElse(request.model(), fleet.defaultModel()), null);
    }
    String version = http.getHeader(HeaderNames.VARIANT_VERSION);
    String model =
        version != null && chosen.endsWith(":" + version)
            ? chosen.substring(0, chosen.length() - version.length() - 1)
            : chosen;
    return new Asked(model, ModelVersions.parse(model, version));
  }

  /** What a client should know of its answer, and a body in OpenAI's form has no place for. */
  private static void tell(
      EmbeddingsRequest request,
      PromptChoice choice,
      Embeddings embeddings,
      HttpServletResponse response) {
    List<String> ignored = new ArrayList<>(request.ignored());
    if (choice.ignored() != null) {
      ignored.add(choice.ignored());
    }
    if (!ignored.isEmpty()) {
      response.setHeader(HeaderNames.IGNORED, EmbeddingsHeaders.ignored(ignored));
    }
    response.setHeader(HeaderNames.WINDOWS, EmbeddingsHeaders.windows(embeddings.windows()));
  }

  private static void write(
      EmbeddingsResponse answer, HttpServletRequest http, HttpServletResponse response)
      throws IOException {
    ContentCoding coding = ContentCoding.ofResponse(http.getHeader(HttpHeaders.ACCEPT_ENCODING));
    response.setContentType(MediaType.APPLICATION_JSON_VALUE);
    if (coding != ContentCoding.IDENTITY) {
      response.setHeader(HttpHeaders.CONTENT_ENCODING, coding.label());
      response.setHeader(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING);
    }
    try (OutputStream target = coding.compress(response.getOutputStream())) {
      answer.writeTo(target);
    } catch (JacksonIOException broken) {
      throw broken.getCause();
    }
  }
}
