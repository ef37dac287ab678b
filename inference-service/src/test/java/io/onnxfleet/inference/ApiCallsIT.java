package io.onnxfleet.inference;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ModelInBody;
import io.onnxfleet.contract.api.Need;
import io.onnxfleet.contract.api.Server;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.openai.embeddings.EmbeddingsArgument;
import io.onnxfleet.inference.protocol.openai.task.TextService;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the table of calls says that one replica runs, a replica has a controller for. */
class ApiCallsIT {
  private static final String CONTROLLER = "X-Controller";

  @TempDir private static Path repository;
  private static RunningReplica replica;

  /** Leads all calls to controllers, and says which one it was. */
  static class Intercepted implements WebMvcConfigurer {
    @Override
    public void addInterceptors(InterceptorRegistry registry) {
      registry.addInterceptor(
          new HandlerInterceptor() {
            @Override
            public boolean preHandle(
                HttpServletRequest request, HttpServletResponse response, Object handler) {
              if (handler instanceof HandlerMethod method) {
                response.setHeader(CONTROLLER, method.getShortLogMessage());
              }
              return true;
            }
          });
    }
  }

  /** Has every text task refuse all bodies, in the name of its call. */
  static class Refusing implements BeanPostProcessor {
    @Override
    public Object postProcessAfterInitialization(Object bean, String name) {
      return bean instanceof TextService<?, ?> service ? refusing(service) : bean;
    }

    private static Object refusing(TextService<?, ?> service) {
      return Proxy.newProxyInstance(
          TextService.class.getClassLoader(),
          new Class<?>[] {TextService.class},
          (proxy, method, arguments) -> {
            return switch (method.getName()) {
              case "call" -> service.call();
              case "arguments" -> service.arguments();
              default -> throw InferenceException.invalidInput("asked: %s", service.call());
            };
          });
    }
  }

  @BeforeAll
  static void start() {
    replica = RunningReplica.serving(repository, List.of(Intercepted.class, Refusing.class));
  }

  @AfterAll
  static void stop() {
    replica.close();
  }

  private static Stream<ApiCall> runningAModel() {
    return Stream.of(ApiCall.values())
        .filter(call -> call.need() == Need.INFER && call.server() == Server.ONE_REPLICA);
  }

  private static Stream<ApiCall> textTasks() {
    return Stream.of(ApiCall.values())
        .filter(call -> call.modelInBody() != ModelInBody.NONE && call != ApiCall.EMBEDDINGS);
  }

  @ParameterizedTest
  @MethodSource("runningAModel")
  void callsThatRunAModel_haveAController(ApiCall call) {
    String path = call.namesModel() ? call.path("m", null) : call.path();
    assertThat(replica.post(path, "{}").headers().firstValue(CONTROLLER)).as(path).isPresent();
    if (call.versionTemplate() != null) {
      String ofVersion = call.path("m", "1");
      assertThat(replica.post(ofVersion, "{}").headers().firstValue(CONTROLLER))
          .as(ofVersion)
          .isPresent();
    }
  }

  @ParameterizedTest
  @MethodSource("textTasks")
  void controllersOfTextTasks_askForTheirOwn(ApiCall call) {
    HttpResponse<byte[]> refused = replica.post(call.path(), "{}");
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(RunningReplica.json(refused).at("/error/message").asString())
        .isEqualTo("asked: " + call);
  }

  @ParameterizedTest
  @MethodSource("textTasks")
  void bothDocuments_describeTheArguments_thatAreRead(ApiCall call) {
    Set<String> read = new TreeSet<>();
    for (TextService<?, ?> each : replica.context().getBeansOfType(TextService.class).values()) {
      if (each.call() == call) {
        read.addAll(each.arguments().names());
      }
    }
    assertDescribed(call, read);
  }

  @Test
  void bothDocuments_describeTheArguments_thatAreReadOfEmbeddings() {
    assertDescribed(ApiCall.EMBEDDINGS, EmbeddingsArgument.taken());
  }

  private static void assertDescribed(ApiCall call, Set<String> read) {
    JsonNode ofReplica = RunningReplica.json(replica.get("/v3/api-docs"));
    assertThat(described(ofReplica, call)).as("the replica's").isEqualTo(new TreeSet<>(read));
    assertThat(described(gatewaysDocument(), call))
        .as("the gateway's")
        .isEqualTo(new TreeSet<>(read));
  }

  private static Set<String> described(JsonNode document, ApiCall call) {
    String schema =
        document
            .get("paths")
            .get(call.path())
            .at("/post/requestBody/content/application~1json/schema/$ref")
            .asString();
    return new TreeSet<>(document.at(schema.substring(1)).get("properties").propertyNames());
  }

  private static JsonNode gatewaysDocument() {
    Path file =
        Path.of(System.getProperty("fleet.root", ".."))
            .resolve("gateway-service/src/main/resources/openapi.yaml");
    LoaderOptions options = new LoaderOptions();
    options.setMaxAliasesForCollections(1000);
    try {
      Object document = new Yaml(new SafeConstructor(options)).load(Files.readString(file));
      return JsonMapper.shared().valueToTree(document);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }

  @Test
  void textTasks_haveOneServiceEach() {
    assertThat(replica.context().getBeansOfType(TextService.class).values())
        .extracting(service -> service.call())
        .containsExactlyInAnyOrderElementsOf(textTasks().toList());
  }
}
