package io.onnxfleet.gateway.openapi;

import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import tools.jackson.databind.json.JsonMapper;

/**
 * The gateway's OpenAPI document. It is written by hand, as the gateway has no handler of which it
 * could be derived; tests hold it to the table of paths and to what a fleet answers. Immutable.
 */
public final class OpenApiDocument {

  private static final String RESOURCE = "/openapi.yaml";
  private static final String INFO = "info";

  /** More than a stranger's document might have: this one is the gateway's own. */
  private static final int MOST_ALIASES = 1000;

  private final byte[] json;

  private OpenApiDocument(byte[] json) {
    this.json = json;
  }

  /** Reads it, and says which version of the gateway it is of. */
  static OpenApiDocument read(JsonMapper mapper, String version) {
    try (InputStream in = OpenApiDocument.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException(RESOURCE + " is not among the gateway's resources");
      }
      LoaderOptions options = new LoaderOptions();
      options.setMaxAliasesForCollections(MOST_ALIASES);
      Map<String, Object> document = new Yaml(new SafeConstructor(options)).load(in);
      if (document.get(INFO) instanceof Map<?, ?> info) {
        withVersion(info, version);
      }
      return new OpenApiDocument(mapper.writeValueAsBytes(document));
    } catch (IOException unreadable) {
      throw new IllegalStateException(RESOURCE + ": " + unreadable.getMessage(), unreadable);
    }
  }

  @SuppressWarnings("unchecked") // The keys of a mapping in this document are texts.
  private static void withVersion(Map<?, ?> info, String version) {
    ((Map<String, Object>) info).put("version", version);
  }

  byte[] json() {
    return json.clone();
  }
}
