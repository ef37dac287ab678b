package io.onnxfleet.inference.protocol.openai.rerank;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.inference.configuration.RerankProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Both forms of Cohere's interface. */
@Configuration(proxyBeanMethods = false)
class RerankConfiguration {
  @Bean
  RerankService rerankService(RerankProperties properties) {
    return new RerankService(ApiCall.RERANK, "1", properties);
  }

  @Bean
  RerankService rerankServiceOfVersion2(RerankProperties properties) {
    return new RerankService(ApiCall.RERANK_V2, "2", properties);
  }
}
