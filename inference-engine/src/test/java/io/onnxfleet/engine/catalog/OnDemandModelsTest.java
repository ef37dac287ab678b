package io.onnxfleet.engine.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Four models in real sessions, with room for two. */
class OnDemandModelsTest {
  @TempDir private Path root;

  private final AtomicInteger loads = new AtomicInteger();
  private InferenceEngine engine =
      InferenceEngine.create(EngineOptions.defaults(Path.of("x")), EngineMetrics.NONE);

  @BeforeEach
  void starts() throws IOException {
    engine.close();
    for (String model : List.of("a", "b", "c", "d")) {
      TinyModel.times(2).writeTo(Files.createDirectories(root.resolve(model).resolve("1")));
    }
    Path broken = Files.createDirectories(root.resolve("broken/1"));
    Files.writeString(broken.resolve("model.onnx"), "no model");
    engine = engine(Duration.ofSeconds(30), 64);
  }

  @AfterEach
  void nothingLeaks() {
    engine.close();
    assertThat(engine.bufferPool().usage().buffersInUse()).isZero();
  }

  private InferenceEngine engine(Duration maxWait, int maxWaiting) throws IOException {
    EngineOptions usual = EngineOptions.defaults(root);
    InferenceEngine made =
        InferenceEngine.create(
            usual
                .with(
                    new RepositoryControl(
                        ControlMode.NONE,
                        List.of(),
                        Duration.ofSeconds(1),
                        Duration.ofSeconds(1),
                        2,
                        new OnDemandOptions(true, maxWait, maxWaiting)))
                .with(new EngineOptions.Processors(1, false))
                .with(VersionLimits.of(64, 64))
                .with(usual.memory().withWeights(2 * Files.size(root.resolve("a/1/model.onnx"))))
                .with(KeptFiles.NO_GRAPHS),
            new EngineMetrics() {
              @Override
              public void loadBegan(ModelVersionId id) {
                loads.incrementAndGet();
              }
            });
    made.start().join();
    return made;
  }

  private CompletableFuture<InferenceResponse> ask(String model) {
    Tensor x = Tensor.ofFloats(engine.bufferPool(), Shape.of(1, 3), new float[] {1, 1, 1});
    return engine.infer(InferenceRequest.of(model, new NamedTensor("x", x)));
  }

  private void answer(String model) {
    try (InferenceResponse response = ask(model).join()) {
      assertThat(response.output("y").data().getFloat(0)).isEqualTo(2);
    }
  }

  private List<String> ready() {
    return engine.index().stream()
        .filter(entry -> entry.state() == ModelState.READY)
        .map(ModelIndexEntry::name)
        .toList();
  }

  @Test
  void infer_loadsTheModel_whenItIsAskedForFirst() {
    assertThat(engine.isReady()).isTrue();
    assertThat(engine.isReady("a", null)).isTrue();
    assertThat(engine.loadsOnDemand("a", 1)).isTrue();
    assertThat(ready()).isEmpty();
    answer("a");
    answer("a");
    assertThat(ready()).containsExactly("a");
    assertThat(loads).hasValue(1);
  }

  @Test
  void infer_hasTheLeastUsedLeave_whenThereIsNoRoom() {
    answer("a");
    answer("a");
    answer("b");
    answer("c");
    assertThat(ready()).containsExactly("a", "c");
    assertThat(engine.isReady("b", null)).isTrue();
    answer("b");
    assertThat(ready()).hasSize(2).contains("b");
  }

  @Test
  void infer_loadsOnce_whenManyAskAtOnce() {
    List<CompletableFuture<InferenceResponse>> answers = new ArrayList<>();
    for (int request = 0; request < 20; request++) {
      answers.add(ask("d"));
    }
    answers.forEach(answer -> answer.join().close());
    assertThat(loads).hasValue(1);
  }

  @Test
  void infer_answersAll_whenManyModelsAreAskedForAtOnce() {
    Random random = new Random(1);
    List<CompletableFuture<Void>> callers = new ArrayList<>();
    for (int caller = 0; caller < 6; caller++) {
      List<String> models = new ArrayList<>();
      for (int request = 0; request < 40; request++) {
        models.add(List.of("a", "b", "c", "d").get(random.nextInt(4)));
      }
      callers.add(CompletableFuture.runAsync(() -> models.forEach(this::answer)));
    }
    callers.forEach(CompletableFuture::join);
    assertThat(ready()).hasSizeLessThanOrEqualTo(2);
  }

  @Test
  void infer_saysWhy_whenTheModelCannotBeHad() throws IOException {
    assertThat(codeOf(ask("unknown"))).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    assertThatThrownBy(() -> ask("broken").join())
        .hasRootCauseMessage(
            "model 'broken' is not ready: model.onnx is no ONNX model: " + reasonOf("broken"));
    assertThat(engine.isReady("broken", null)).isFalse();
    assertThat(engine.loadsOnDemand("broken", 1)).isFalse();
  }

  @Test
  void infer_givesUp_whenTheModelIsNotThereInTime() throws IOException {
    engine.close();
    engine = engine(Duration.ofMillis(1), 64);
    Tensor x = Tensor.ofFloats(engine.bufferPool(), Shape.of(1, 3), new float[] {1, 1, 1});
    InferenceRequest late =
        new InferenceRequest(
            null,
            "a",
            null,
            List.of(new NamedTensor("x", x)),
            List.of(),
            Deadline.after(Duration.ofNanos(1), engine.ticker()),
            0);
    assertThat(codeOf(engine.infer(late)))
        .isIn(ErrorCode.MODEL_NOT_READY, ErrorCode.DEADLINE_EXCEEDED);
  }

  private String reasonOf(String model) {
    String reason =
        engine.index().stream()
            .filter(entry -> entry.name().equals(model))
            .findFirst()
            .orElseThrow()
            .reason();
    return reason.substring(reason.indexOf(": ") + 2);
  }

  private static ErrorCode codeOf(CompletableFuture<InferenceResponse> answer) {
    try {
      answer.join().close();
    } catch (CompletionException failure) {
      if (failure.getCause() instanceof InferenceException refused) {
        return refused.code();
      }
    }
    throw new AssertionError("an answer");
  }
}
