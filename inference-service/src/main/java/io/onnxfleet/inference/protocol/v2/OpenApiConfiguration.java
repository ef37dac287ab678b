package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.inference.configuration.FleetProperties;
import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.Operation;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import io.swagger.v3.oas.models.parameters.Parameter;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
                .version(
                    Objects.requireNonNullElse(
                        OpenApiConfiguration.class.getPackage().getImplementationVersion(),
                        "development"))
                .description(
                    """
                    Inference on ONNX models: the Open Inference Protocol v2 with Triton's
                    extensions, and OpenAI's embeddings. Tensors travel in JSON or in binary:
                    with the header Inference-Header-Content-Length the body is that many bytes
                    of JSON, then the tensors that announce a binary_data_size, little-endian
                    and row-major.""")
                .license(new License().name("Apache-2.0").identifier("Apache-2.0")));
  }

  /**
   * A handler of two paths, one of which has a version, has that parameter in the one alone; and
   * what stands in a path is always there. Their examples are of the default model, so that every
   * operation can be tried as it stands.
   */
  @Bean
  OpenApiCustomizer pathParameters(FleetProperties properties) {
    Map<String, String> examples = Map.of("model", properties.defaultModel(), "version", "1");
    return document ->
        document
            .getPaths()
            .forEach(
                (path, item) ->
                    item.readOperations()
                        .forEach(operation -> keepThoseOf(path, operation, examples)));
  }

  private static void keepThoseOf(String path, Operation operation, Map<String, String> examples) {
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
            .map(
                parameter ->
                    PATH.equals(parameter.getIn())
                        ? parameter.required(true).example(examples.get(parameter.getName()))
                        : parameter)
            .toList());
  }
}
