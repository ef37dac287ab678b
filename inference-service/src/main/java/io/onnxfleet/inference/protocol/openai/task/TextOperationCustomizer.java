package io.onnxfleet.inference.protocol.openai.task;

import io.swagger.v3.oas.models.Components;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.SpecVersion;
import io.swagger.v3.oas.models.media.Content;
import io.swagger.v3.oas.models.media.MediaType;
import io.swagger.v3.oas.models.parameters.RequestBody;
import io.swagger.v3.oas.models.responses.ApiResponse;
import io.swagger.v3.oas.models.responses.ApiResponses;
import org.springdoc.core.customizers.GlobalOperationComponentsCustomizer;
import org.springdoc.core.utils.SpringDocAnnotationsUtils;
import org.springframework.stereotype.Component;
import org.springframework.web.method.HandlerMethod;
import tools.jackson.databind.json.JsonMapper;

/** Describes the bodies that a {@link TextOperation} names. Thread-safe. */
@Component
final class TextOperationCustomizer implements GlobalOperationComponentsCustomizer {
  @Override
  public Operation customize(Operation operation, Components components, HandlerMethod method) {
    TextOperation described = method.getMethodAnnotation(TextOperation.class);
    if (described == null) {
      return operation;
    }
    MediaType request = type(described.request(), components);
    request.setExample(JsonMapper.shared().readValue(described.example(), Object.class));
    ApiResponse answer =
        new ApiResponse()
            .description(described.answer())
            .content(json(type(described.response(), components)));
    return operation
        .requestBody(new RequestBody().required(true).content(json(request)))
        .responses(new ApiResponses().addApiResponse("200", answer));
  }

  /** Is not called: schemas need the components. */
  @Override
  public Operation customize(Operation operation, HandlerMethod method) {
    return operation;
  }

  private static MediaType type(Class<?> body, Components components) {
    return new MediaType()
        .schema(
            SpringDocAnnotationsUtils.resolveSchemaFromType(
                body, components, null, null, SpecVersion.V31));
  }

  private static Content json(MediaType type) {
    return new Content()
        .addMediaType(org.springframework.http.MediaType.APPLICATION_JSON_VALUE, type);
  }
}
