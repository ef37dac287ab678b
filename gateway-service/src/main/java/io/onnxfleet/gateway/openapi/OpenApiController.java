package io.onnxfleet.gateway.openapi;

import java.io.IOException;
import java.net.URI;
import java.util.Objects;
import java.util.function.Supplier;
import org.springframework.core.io.Resource;
import org.springframework.core.io.support.PathMatchingResourcePatternResolver;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.MediaTypeFactory;
import org.springframework.http.ResponseEntity;
import org.springframework.util.function.SingletonSupplier;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Serves the OpenAPI document, and Swagger UI's page for it, where replicas have theirs. Both are
 * read when somebody asks for them first. Safe for use by many threads.
 */
@RestController
final class OpenApiController {

  private static final String PAGE = "/docs";

  private static final String PAGES_FILES =
      "classpath*:META-INF/resources/webjars/swagger-ui/*/index.html";

  /** What the page shows; relative, so that a proxy may put it under another path. */
  private static final String START =
      """
      window.onload = () => {
        window.ui = SwaggerUIBundle({ url: "../v3/api-docs", dom_id: "#swagger-ui", deepLinking: true });
      };
      """;

  private static final MediaType SCRIPT = MediaType.parseMediaType("text/javascript;charset=UTF-8");

  private final Supplier<OpenApiDocument> document;
  private final Supplier<Resource> index = SingletonSupplier.of(OpenApiController::index);

  OpenApiController(JsonMapper mapper) {
    String version =
        Objects.requireNonNullElse(
            OpenApiController.class.getPackage().getImplementationVersion(), "development");
    this.document = SingletonSupplier.of(() -> OpenApiDocument.read(mapper, version));
  }

  @GetMapping(path = "/v3/api-docs", produces = MediaType.APPLICATION_JSON_VALUE)
  ResponseEntity<byte[]> document() {
    return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(document.get().json());
  }

  @GetMapping(PAGE)
  ResponseEntity<Void> page() {
    return ResponseEntity.status(HttpStatus.FOUND).location(URI.create("docs/index.html")).build();
  }

  @GetMapping(PAGE + "/swagger-initializer.js")
  ResponseEntity<String> start() {
    return ResponseEntity.ok().contentType(SCRIPT).body(START);
  }

  @GetMapping(PAGE + "/{file:[A-Za-z0-9-]+(?:\\.[A-Za-z0-9-]+)+}")
  ResponseEntity<Resource> file(@PathVariable String file) throws IOException {
    Resource found = index.get().createRelative(file);
    if (!found.exists()) {
      throw new ResponseStatusException(HttpStatus.NOT_FOUND);
    }
    return ResponseEntity.ok()
        .contentType(MediaTypeFactory.getMediaType(file).orElse(MediaType.APPLICATION_OCTET_STREAM))
        .body(found);
  }

  private static Resource index() {
    try {
      Resource[] found = new PathMatchingResourcePatternResolver().getResources(PAGES_FILES);
      if (found.length == 0) {
        throw new ResponseStatusException(HttpStatus.NOT_FOUND, "Swagger UI is not there");
      }
      return found[0];
    } catch (IOException unreadable) {
      throw new IllegalStateException(unreadable);
    }
  }
}
