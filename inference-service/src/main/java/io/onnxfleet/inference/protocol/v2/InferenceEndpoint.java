package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.inference.load.ReplicaLoad;
import io.onnxfleet.inference.protocol.call.AnsweredUnits;
import io.onnxfleet.inference.protocol.call.AnsweringContent;
import io.onnxfleet.inference.protocol.call.Callers;
import io.onnxfleet.inference.protocol.call.ModelCalls;
import io.onnxfleet.inference.protocol.call.ModelVersions;
import io.onnxfleet.inference.protocol.http.RequestBodies;
import io.onnxfleet.inference.protocol.http.RequestBody;
import io.onnxfleet.inference.protocol.v2.codec.InferRequestDecoder;
import io.onnxfleet.inference.protocol.v2.codec.InferResponseEncoder;
import io.onnxfleet.inference.protocol.v2.codec.InferenceCall;
import io.onnxfleet.inference.protocol.v2.codec.InferenceTarget;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * Answers an inference call in the calling thread, which is a virtual one: it decodes, waits and
 * encodes. Thread-safe.
 */
@Component
final class InferenceEndpoint {
  private final InferenceEngine engine;
  private final ModelCalls calls;
  private final ReplicaLoad load;
  private final InferRequestDecoder decoder;
  private final RequestBodies bodies;

  InferenceEndpoint(
      InferenceEngine engine, ModelCalls calls, ReplicaLoad load, RequestBodies bodies) {
    this.bodies = bodies;
    this.engine = engine;
    this.load = load;
    this.calls = calls;
    decoder = new InferRequestDecoder(engine.bufferPool());
  }

  /**
   * Writes the answer.
   *
   * @param version null for the highest READY one
   * @throws InferenceException if there is none
   */
  void serve(
      String model,
      @Nullable String version,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    try (var _ = calls.enter();
        ReplicaLoad.Visit visit = load.enter(model, request, response)) {
      AnsweringContent content =
          new AnsweringContent(engine, model, ModelVersions.parse(model, version));
      InferenceCall call = decode(model, version, request);
      AnsweredUnits units = AnsweredUnits.of(engine, call.request());
      try (InferenceResponse finished = answer(call, request);
          HttpResponseTarget target =
              new HttpResponseTarget(
                  request,
                  response,
                  () -> {
                    content.tell(response);
                    units.tell(response, finished.modelVersion());
                  })) {
        visit.leave();
        InferResponseEncoder.encode(
            finished, call.forms(), request.getHeader(HeaderNames.VARIANT), target);
      }
    }
  }

  private InferenceResponse answer(InferenceCall call, HttpServletRequest http) {
    InferenceRequest request = call.request();
    ModelMetadata before = call.forms().classesByName().isEmpty() ? null : metadata(request);
    CompletableFuture<InferenceResponse> answer = engine.infer(signed(request, http));
    InferenceResponse finished =
        calls.await(answer, request.deadline(), http, InferenceResponse::close);
    if (before == null) {
      return finished;
    }
    try {
      requireSame(before, finished);
    } catch (InferenceException replaced) {
      finished.close();
      throw replaced;
    }
    return BestClasses.of(finished, call.forms(), before, engine.bufferPool());
  }

  private InferenceRequest signed(InferenceRequest request, HttpServletRequest http) {
    try {
      return Callers.sign(request, engine, http);
    } catch (InferenceException refused) {
      request.close();
      throw refused;
    }
  }

  private ModelMetadata metadata(InferenceRequest request) {
    try {
      return engine.metadata(request.modelName(), request.modelVersion());
    } catch (InferenceException refused) {
      request.close();
      throw refused;
    }
  }

  /** Labels belong to what answered, and to nothing that took its place meanwhile. */
  private void requireSame(ModelMetadata before, InferenceResponse answer) {
    ModelMetadata after = engine.metadata(before.name(), answer.modelVersion());
    if (!after.load().equals(before.load())) {
      throw new InferenceException(
          ErrorCode.MODEL_NOT_READY,
          "model '%s' was replaced while it answered".formatted(before.name()));
    }
  }

  private InferenceCall decode(String model, @Nullable String version, HttpServletRequest request)
      throws IOException {
    long accepted = engine.ticker().nanoTime();
    Deadline deadline = calls.deadline(request, accepted);
    Long number = ModelVersions.parse(model, version);
    engine.requireAccepting(model, number);
    InferenceTarget target =
        new InferenceTarget(model, number, headerLength(request), accepted, deadline);
    try (RequestBody body = bodies.open(request, deadline)) {
      return decoder.decode(target, body, () -> engine.metadata(model, number).inputs());
    }
  }

  private static @Nullable Long headerLength(HttpServletRequest request) {
    String header = request.getHeader(HeaderNames.HEADER_LENGTH);
    if (header == null) {
      return null;
    }
    try {
      return Long.parseLong(header.strip());
    } catch (NumberFormatException notANumber) {
      throw InferenceException.invalidInput(
          "%s: %s (expected the number of bytes of JSON)", HeaderNames.HEADER_LENGTH, header);
    }
  }
}
