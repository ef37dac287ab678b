package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.inference.configuration.InferenceProperties;
import io.onnxfleet.inference.lifecycle.Admission;
import io.onnxfleet.inference.protocol.ClientConnection;
import io.onnxfleet.inference.protocol.Deadlines;
import io.onnxfleet.inference.protocol.ProtocolExecutor;
import io.onnxfleet.inference.protocol.http.RequestBody;
import io.onnxfleet.inference.protocol.v2.codec.InferRequestDecoder;
import io.onnxfleet.inference.protocol.v2.codec.InferResponseEncoder;
import io.onnxfleet.inference.protocol.v2.codec.InferenceCall;
import io.onnxfleet.inference.protocol.v2.codec.InferenceTarget;
import io.onnxfleet.inference.protocol.v2.codec.V2Headers;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.scheduling.annotation.Async;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Answers inference calls. One virtual thread decodes, waits and encodes each of them. */
@RestController
@Tag(name = "Inference", description = "Open Inference Protocol v2: calls")
class InferenceController {
  private final InferenceEngine engine;
  private final Admission admission;
  private final InferenceProperties properties;
  private final InferRequestDecoder decoder;

  InferenceController(InferenceEngine engine, Admission admission, InferenceProperties properties) {
    this.engine = engine;
    this.admission = admission;
    this.properties = properties;
    this.decoder = new InferRequestDecoder(engine.bufferPool(), engine.ticker());
  }

  @Operation(
      summary = "Run a model on the tensors of the body, in JSON or in binary",
      requestBody =
          @io.swagger.v3.oas.annotations.parameters.RequestBody(
              content =
                  @Content(
                      mediaType = MediaType.APPLICATION_JSON_VALUE,
                      schema = @Schema(implementation = InferenceBodies.Request.class))))
  @ApiResponse(
      responseCode = "200",
      description = "The outputs, in JSON or in binary as asked",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON_VALUE,
              schema = @Schema(implementation = InferenceBodies.Response.class)))
  @Async(ProtocolExecutor.NAME)
  @PostMapping({"/v2/models/{model}/infer", "/v2/models/{model}/versions/{version}/infer"})
  public CompletableFuture<@Nullable Void> infer(
      @PathVariable String model,
      @PathVariable(required = false) @Nullable String version,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    try (var _ = admission.enter()) {
      InferenceCall call = decode(model, version, request);
      CompletableFuture<InferenceResponse> answer = engine.infer(call.request());
      ClientConnection client = ClientConnection.of(request);
      try (InferenceResponse finished = client.await(answer, InferenceResponse::close);
          HttpResponseTarget target = new HttpResponseTarget(request, response)) {
        InferResponseEncoder.encode(finished, call.forms(), target);
      }
    }
    return CompletableFuture.completedFuture(null);
  }

  private InferenceCall decode(String model, @Nullable String version, HttpServletRequest request)
      throws IOException {
    Deadline deadline = Deadlines.of(request, properties.defaultDeadline(), engine.ticker());
    Long number = PathVersions.parse(model, version);
    InferenceTarget target = new InferenceTarget(model, number, headerLength(request), deadline);
    try (RequestBody body = RequestBody.of(request, properties.maxBodySize().toBytes())) {
      return decoder.decode(target, body, () -> engine.metadata(model, number).inputs());
    }
  }

  private static @Nullable Long headerLength(HttpServletRequest request) {
    String header = request.getHeader(V2Headers.HEADER_LENGTH);
    if (header == null) {
      return null;
    }
    try {
      return Long.parseLong(header.strip());
    } catch (NumberFormatException notANumber) {
      throw InferenceException.invalidInput(
          "%s: %s (expected the number of bytes of JSON)", V2Headers.HEADER_LENGTH, header);
    }
  }
}
