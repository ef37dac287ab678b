package io.onnxfleet.inference.protocol.openai;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.text.TextEmbedder;
import io.onnxfleet.engine.text.TextModels;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.converter.HttpMessageConverters;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/** Puts text before the engine, and the answers' own encoding into Spring MVC. */
@Configuration(proxyBeanMethods = false)
class OpenAiConfiguration implements WebMvcConfigurer {

  /** Made before the replica joins the registry, so that it joins with its tokenizers open. */
  @Bean
  TextModels textModels(InferenceEngine engine) {
    TextModels models =
        new TextModels(
            engine::metadata, engine::infer, engine.bufferPool(), TextEmbedder.DEFAULT_MAX_TOKENS);
    Runnable follow = () -> models.follow(ReadyModels.names(engine));
    engine.onChange(follow);
    follow.run();
    return models;
  }

  @Override
  public void configureMessageConverters(HttpMessageConverters.ServerBuilder builder) {
    builder.addCustomConverter(new OpenAiBodyConverter());
  }
}
