package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.text.EmbeddingOptions;
import io.onnxfleet.engine.text.Embeddings;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.sparse.Weighing;
import io.onnxfleet.engine.text.sparse.Weights;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenvectors.TokenEmbedding;
import io.onnxfleet.engine.text.tokenvectors.TokenEmbeddings;
import io.onnxfleet.inference.configuration.FleetProperties;
import io.onnxfleet.inference.load.ReplicaLoad;
import io.onnxfleet.inference.protocol.call.AnsweredUnits;
import io.onnxfleet.inference.protocol.call.AnsweringContent;
import io.onnxfleet.inference.protocol.call.AskedModel;
import io.onnxfleet.inference.protocol.call.Callers;
import io.onnxfleet.inference.protocol.call.ModelCalls;
import io.onnxfleet.inference.protocol.http.JsonAnswer;
import io.onnxfleet.inference.protocol.http.RequestBodies;
import io.onnxfleet.inference.protocol.http.RequestBody;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.springframework.stereotype.Component;

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
      AskedModel asked = AskedModel.of(http, request.model(), fleet.defaultModel());
      try (ReplicaLoad.Visit visit = load.enter(asked.name(), http, response)) {
        calls.await(engine.prepare(asked.name(), deadline), deadline, http, _ -> {});
        AnsweringContent content = new AnsweringContent(engine, asked.name(), asked.version());
        Asking asking =
            new Asking(asked, request, deadline, http, response, new AtomicReference<>());
        EmbeddingsAnswer answer =
            switch (request.encodingFormat()) {
              case FLOAT, BASE64 -> vectors(asking);
              case SPARSE -> sparse(asking);
              case TOKENS -> tokens(asking, body);
            };
        visit.leave();
        content.tell(response);
        JsonAnswer.write(http, response, answer::writeTo);
      }
    }
  }

  /**
   * What is answered, and where that is told.
   *
   * @param choice is told which prompt was used once the model is known
   */
  private record Asking(
      AskedModel model,
      EmbeddingsRequest request,
      Deadline deadline,
      HttpServletRequest http,
      HttpServletResponse response,
      AtomicReference<PromptChoice> choice) {}

  private EmbeddingsAnswer vectors(Asking asking) {
    Embeddings embeddings =
        calls.await(
            models.embed(
                asking.model().name(),
                asking.model().version(),
                asking.request().input(),
                options(asking),
                asking.deadline(),
                Callers.of(asking.http())),
            asking.deadline(),
            asking.http(),
            _ -> {});
    tell(asking, embeddings.tokens(), embeddings.windows());
    return EmbeddingsResponse.of(asking.model().name(), asking.request(), embeddings);
  }

  private EmbeddingsAnswer sparse(Asking asking) {
    List<TextInput> texts = asking.request().input();
    Weights weights =
        asTheyAre(asking, (described, options) -> new Weighing().of(described, texts, options));
    tell(asking, weights.tokens(), weights.windows());
    return new SparseResponse(asking.model().name(), weights);
  }

  private EmbeddingsAnswer tokens(Asking asking, RequestBody body) {
    List<TextInput> texts = asking.request().input();
    TokenEmbeddings tokens =
        asTheyAre(
            asking, (described, options) -> new TokenEmbedding().of(described, texts, options));
    tell(asking, tokens.tokens(), tokens.windows());
    // The longest that they are held for is while a slow client reads them.
    body.coverAnswer(tokens.bytes());
    return new TokensResponse(asking.model().name(), tokens);
  }

  /** The answer of a task whose vectors are neither scaled nor cut: theirs would mean else. */
  private <T> T asTheyAre(
      Asking asking,
      BiFunction<TextModels.Description, EmbeddingOptions, TextModels.Asked<T>> task) {
    requireAsTheyAre(asking.request());
    Function<TextModels.Description, EmbeddingOptions> options = options(asking);
    TextModels.Question question =
        new TextModels.Question(
            asking.model().name(),
            asking.model().version(),
            asking.deadline(),
            Callers.of(asking.http()));
    return calls.await(
        models.run(question, described -> task.apply(described, options.apply(described))),
        asking.deadline(),
        asking.http(),
        _ -> {});
  }

  private static void requireAsTheyAre(EmbeddingsRequest request) {
    if (request.dimensions() > 0 || Boolean.TRUE.equals(request.normalize())) {
      throw InferenceException.invalidInput(
          "%s: given (expected: absent, with %s '%s')",
          request.dimensions() > 0 ? EmbeddingsArgument.DIMENSIONS : "normalize",
          EmbeddingsArgument.ENCODING_FORMAT,
          request.encodingFormat().label());
    }
  }

  /** What is asked for of the model that is found. */
  private Function<TextModels.Description, EmbeddingOptions> options(Asking asking) {
    EmbeddingsRequest request = asking.request();
    String model = asking.model().name();
    int level =
        Callers.level(request.priority(), asking.http(), () -> engine.priorityLevels(model, null));
    return described -> {
      if (request.dimensions() > 0 && described.dimensions() > 0) {
        EmbeddingsResponse.requireDimensions(request.dimensions(), described.dimensions());
      }
      PromptChoice chosen = PromptChoice.of(request, model, described.model().settings().prompts());
      asking.choice().set(chosen);
      return new EmbeddingOptions(chosen.prompt(), request.normalize(), request.overlong(), level);
    };
  }

  /**
   * What is charged for, and what a client should know that a body in OpenAI's form has no place
   * for.
   *
   * @param windows of each text
   */
  private static void tell(Asking asking, long tokens, List<Integer> windows) {
    HttpServletResponse response = asking.response();
    AnsweredUnits.tell(response, new InferenceUnits(windows.size(), tokens));
    List<String> ignored = new ArrayList<>(asking.request().ignored());
    PromptChoice choice = Objects.requireNonNull(asking.choice().get());
    if (choice.ignored() != null) {
      ignored.add(choice.ignored());
    }
    if (!ignored.isEmpty()) {
      response.setHeader(HeaderNames.IGNORED, EmbeddingsHeaders.ignored(ignored));
    }
    response.setHeader(HeaderNames.WINDOWS, EmbeddingsHeaders.windows(windows));
  }
}
