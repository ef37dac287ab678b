package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.contract.api.ApiPaths;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * Inference calls as the OpenAPI document describes them. {@link DirectInference} serves those with
 * a plain path before they come here, unless a team has added something to Spring MVC.
 */
@RestController
@Tag(name = "Inference", description = "Open Inference Protocol v2: calls")
class InferenceController {
  private final InferenceEndpoint endpoint;

  InferenceController(InferenceEndpoint endpoint) {
    this.endpoint = endpoint;
  }

  @Operation(
      summary = "Run a model on the tensors of the body, in JSON or in binary",
      requestBody =
          @io.swagger.v3.oas.annotations.parameters.RequestBody(
              required = true,
              content =
                  @Content(
                      mediaType = MediaType.APPLICATION_JSON_VALUE,
                      schema = @Schema(implementation = InferenceBodies.Request.class),
                      examples = @ExampleObject(InferenceBodies.EXAMPLE))))
  @ApiResponse(
      responseCode = "200",
      description = "The outputs, in JSON or in binary as asked",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON_VALUE,
              schema = @Schema(implementation = InferenceBodies.Response.class)))
  @PostMapping({ApiPaths.INFER, ApiPaths.VERSION_INFER})
  void infer(
      @PathVariable String model,
      @PathVariable(required = false) @Nullable String version,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    endpoint.serve(model, version, request, response);
  }
}
