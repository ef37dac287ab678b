package io.onnxfleet.inference.protocol.v2;

import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import io.swagger.v3.oas.models.parameters.Parameter;
import java.util.List;
import org.springdoc.core.customizers.OpenApiCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The head of the OpenAPI document. */
@Configuration(proxyBeanMethods = false)
class OpenApiConfiguration {
  private static final String PATH = "path";

  @Bean
  OpenAPI openApi() {
    return new OpenAPI()
        .info(
            new Info()
                .title("ONNX Fleet")
                .description(
                    """
                    Inference on ONNX models: the Open Inference Protocol v2 with Triton's
                    extensions, and OpenAI's embeddings. Tensors travel in JSON or in binary:
                    with the header Inference-Header-Content-Length the body is that many bytes
                    of JSON, then the tensors that announce a binary_data_size, little-endian
                    and row-major.""")
                .license(new License().name("Apache-2.0")));
  }

  /**
   * A handler of two paths, one of which has a version, has that parameter in the one alone; and
   * what stands in a path is always there.
   */
  @Bean
  OpenApiCustomizer pathParameters() {
    return document ->
        document
            .getPaths()
            .forEach(
                (path, item) ->
                    item.readOperations().forEach(operation -> keepThoseOf(path, operation)));
  }

  private static void keepThoseOf(String path, Operation operation) {
    List<Parameter> parameters = operation.getParameters();
    if (parameters == null) {
      return;
    }
    operation.setParameters(
        parameters.stream()
            .filter(
                parameter ->
                    !PATH.equals(parameter.getIn())
                        || path.contains("{" + parameter.getName() + "}"))
            .map(parameter -> PATH.equals(parameter.getIn()) ? parameter.required(true) : parameter)
            .toList());
  }
}
