package io.onnxfleet.inference.protocol.v2;

import io.swagger.v3.oas.models.OpenAPI;
import io.swagger.v3.oas.models.info.Info;
import io.swagger.v3.oas.models.info.License;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The head of the OpenAPI document. */
@Configuration(proxyBeanMethods = false)
class OpenApiConfiguration {
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
}
