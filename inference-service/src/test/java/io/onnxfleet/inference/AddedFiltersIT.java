package io.onnxfleet.inference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.CorsRegistry;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;

/**
 * What a team adds to a replica, a login say, holds for inference calls as for all others. What is
 * added has no annotation that the scan of other tests' replicas would find.
 */
@ExtendWith(OutputCaptureExtension.class)
class AddedFiltersIT {
  private static final String INFER = "/v2/models/wide/infer";
  private static final String BODY =
      "{\"inputs\":[{\"name\":\"x\",\"shape\":[1,4],\"datatype\":\"FP32\",\"data\":[1,2,3,4]}]}";
  private static final String RESULT = "[1.0,2.0,3.0,4.0]";
  private static final String EMBEDDINGS = "/v1/embeddings";
  private static final String TEXT = "{\"model\":\"wide\",\"input\":\"a\"}";

  /** Said by the endpoint itself, once it has looked for the model's tokenizer. */
  private static final String NO_TEXT = "does not serve text";

  @TempDir private Path models;

  /** Real Spring Security, as its documentation shows it. */
  @EnableWebSecurity
  static class Secured {
    @Bean
    SecurityFilterChain chain(HttpSecurity http) {
      return http.csrf(csrf -> csrf.disable())
          .authorizeHttpRequests(
              requests ->
                  requests
                      .requestMatchers("/v2/health/**")
                      .permitAll()
                      .requestMatchers(request -> "sesame".equals(request.getHeader("X-Word")))
                      .permitAll()
                      .anyRequest()
                      .denyAll())
          .build();
    }
  }

  static class Filtered {
    @Bean
    Filter teapot() {
      return (request, response, chain) -> {
        HttpServletResponse http = (HttpServletResponse) response;
        http.setHeader("X-Filter", "was here");
        if (isRefused((HttpServletRequest) request)) {
          http.setStatus(418);
        } else {
          chain.doFilter(request, response);
        }
      };
    }
  }

  static class Intercepted implements WebMvcConfigurer {
    @Override
    public void addInterceptors(InterceptorRegistry registry) {
      registry.addInterceptor(
          new HandlerInterceptor() {
            @Override
            public boolean preHandle(
                HttpServletRequest request, HttpServletResponse response, Object handler) {
              if (isRefused(request)) {
                response.setStatus(418);
                return false;
              }
              return true;
            }
          });
    }
  }

  static class WithOrigins implements WebMvcConfigurer {
    @Override
    public void addCorsMappings(CorsRegistry registry) {
      for (String path : List.of("/v1/**", "/v2/**")) {
        registry.addMapping(path).allowedOrigins("https://example.org").allowedMethods("POST");
      }
    }
  }

  private static boolean isRefused(HttpServletRequest request) {
    return runsAModel(request.getRequestURI()) && request.getHeader("X-Word") == null;
  }

  private static boolean runsAModel(String path) {
    return path.endsWith("/infer") || path.endsWith("/embeddings");
  }

  @Test
  void springSecurity_isAskedOnEveryPath(CapturedOutput output) {
    try (RunningReplica replica = serving(Secured.class)) {
      for (String path :
          List.of(
              INFER,
              INFER + "/",
              "/v2/models/wide/versions/1/infer",
              "/v2/models/%77ide/infer",
              "/v2/models/none/infer",
              "/v2//models/wide/infer",
              "/v2/models/wide;a=b/infer",
              "/v2/health/../models/wide/infer",
              "/v1/embeddings")) {
        HttpResponse<byte[]> refused = replica.post(path, BODY);
        assertThat(refused.statusCode()).as(path).isIn(400, 401, 403);
        assertThat(RunningReplica.text(refused)).doesNotContain(RESULT);
      }
      assertThat(output)
          .contains("inference calls go through all filters")
          .contains("springSecurityFilterChain");
      for (String path : List.of(EMBEDDINGS, EMBEDDINGS + "/", "/v1//embeddings")) {
        HttpResponse<byte[]> refused = replica.post(path, TEXT);
        assertThat(refused.statusCode()).as(path).isIn(400, 401, 403);
        assertThat(RunningReplica.text(refused)).doesNotContain(NO_TEXT);
      }
      HttpResponse<byte[]> embeddings = replica.post(EMBEDDINGS, TEXT, "X-Word", "sesame");
      assertThat(RunningReplica.text(embeddings)).contains(NO_TEXT);
      assertThat(embeddings.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
      HttpResponse<byte[]> served = replica.post(INFER, BODY, "X-Word", "sesame");
      assertThat(RunningReplica.text(served)).contains(RESULT);
      // Spring Security's own headers stay, in a refusal of ours too.
      assertThat(served.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
      HttpResponse<byte[]> wrong = replica.post(INFER, "{}", "X-Word", "sesame");
      assertThat(wrong.statusCode()).isEqualTo(400);
      assertThat(wrong.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
      assertThat(replica.get("/v2/health/ready").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void filters_areGoneThrough_andNamedInTheLog(CapturedOutput output) {
    try (RunningReplica replica = serving(Filtered.class)) {
      assertThat(replica.post(INFER, BODY).statusCode()).isEqualTo(418);
      HttpResponse<byte[]> served = replica.post(INFER, BODY, "X-Word", "please");
      assertThat(RunningReplica.text(served)).contains(RESULT);
      assertThat(served.headers().firstValue("X-Filter")).hasValue("was here");
      HttpResponse<byte[]> wrong = replica.post(INFER, "{}", "X-Word", "please");
      assertThat(wrong.statusCode()).isEqualTo(400);
      assertThat(wrong.headers().firstValue("X-Filter")).hasValue("was here");
      assertThat(replica.post(EMBEDDINGS, TEXT).statusCode()).isEqualTo(418);
      HttpResponse<byte[]> embeddings = replica.post(EMBEDDINGS, TEXT, "X-Word", "please");
      assertThat(RunningReplica.text(embeddings)).contains(NO_TEXT);
      assertThat(embeddings.headers().firstValue("X-Filter")).hasValue("was here");
      assertThat(output).contains("inference calls go through all filters").contains("teapot");
    }
  }

  @Test
  void interceptors_areAsked_andNamedInTheLog(CapturedOutput output) {
    try (RunningReplica replica = serving(Intercepted.class)) {
      assertThat(replica.post(INFER, BODY).statusCode()).isEqualTo(418);
      assertThat(RunningReplica.text(replica.post(INFER, BODY, "X-Word", "please")))
          .contains(RESULT);
      assertThat(replica.post(EMBEDDINGS, TEXT).statusCode()).isEqualTo(418);
      assertThat(RunningReplica.text(replica.post(EMBEDDINGS, TEXT, "X-Word", "please")))
          .contains(NO_TEXT);
      assertThat(output)
          .contains("inference calls are served by controllers")
          .contains("AddedFiltersIT$Intercepted");
    }
  }

  @Test
  void origins_areLookedAt() {
    try (RunningReplica replica = serving(WithOrigins.class)) {
      HttpResponse<byte[]> known = replica.post(INFER, BODY, "Origin", "https://example.org");
      assertThat(known.headers().firstValue("Access-Control-Allow-Origin"))
          .hasValue("https://example.org");
      assertThat(replica.post(INFER, BODY, "Origin", "https://other.org").statusCode())
          .isEqualTo(403);
      assertThat(
              replica
                  .post(EMBEDDINGS, TEXT, "Origin", "https://example.org")
                  .headers()
                  .firstValue("Access-Control-Allow-Origin"))
          .hasValue("https://example.org");
      assertThat(replica.post(EMBEDDINGS, TEXT, "Origin", "https://other.org").statusCode())
          .isEqualTo(403);
    }
  }

  @Test
  void nothingIsInTheWay_whereNothingWasAdded(CapturedOutput output) {
    try (RunningReplica replica = serving()) {
      assertThat(RunningReplica.text(replica.post(INFER, BODY))).contains(RESULT);
      assertThat(RunningReplica.text(replica.post(EMBEDDINGS, TEXT))).contains(NO_TEXT);
      assertThat(output).doesNotContain("for the sake of");
      // The filter that times requests has seen those that take the usual way, and no other.
      assertThat(replica.get("/v1/models").statusCode()).isEqualTo(200);
      await().untilAsserted(() -> assertThat(timedPaths(replica)).contains("/v1/models"));
      assertThat(timedPaths(replica)).noneMatch(AddedFiltersIT::runsAModel);
    }
  }

  private static Set<String> timedPaths(RunningReplica replica) {
    return replica
        .context()
        .getBean(MeterRegistry.class)
        .find("http.server.requests")
        .timers()
        .stream()
        .map(timer -> String.valueOf(timer.getId().getTag("uri")))
        .collect(Collectors.toSet());
  }

  private RunningReplica serving(Class<?>... added) {
    TinyModel.identity(DataType.FP32, "rows", "4").writeTo(models, "wide");
    return RunningReplica.serving(models, List.of(added));
  }
}
