package io.onnxfleet.gateway.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.Need;
import io.onnxfleet.gateway.ApiTable;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.ParseOptions;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class OpenApiDocumentTest {

  private final JsonNode document =
      JsonMapper.shared().readTree(OpenApiDocument.read(JsonMapper.shared(), "1.2.3").json());

  @Test
  void operations_areThoseOfTheContractsTable_withTheScopesThatItSays() {
    Map<String, Need> offered = new TreeMap<>();
    for (ApiCall call : ApiCall.values()) {
      if (!call.isOffered()) {
        continue;
      }
      offered.put(call.method() + " " + call.template(), call.need());
      String version = call.versionTemplate();
      if (version != null) {
        offered.put(call.method() + " " + version, call.need());
      }
    }
    Map<String, Need> described = new TreeMap<>();
    document
        .get("paths")
        .forEachEntry(
            (template, item) ->
                item.forEachEntry(
                    (method, operation) -> {
                      if (!method.equals("parameters")) {
                        described.put(
                            method.toUpperCase(Locale.ROOT) + " " + template,
                            ApiTable.needs(operation));
                      }
                    }));
    assertThat(described).isEqualTo(offered);
  }

  @Test
  void document_isValid() {
    ParseOptions options = new ParseOptions();
    options.setResolve(true);
    options.setValidateInternalRefs(true);
    SwaggerParseResult parsed =
        new OpenAPIV3Parser().readContents(document.toString(), List.of(), options);
    assertThat(parsed.getMessages()).isEmpty();
    assertThat(parsed.getOpenAPI().getPaths()).hasSize(document.get("paths").size());
  }

  @Test
  void version_isTheGateways() {
    assertThat(document.at("/info/version").asString()).isEqualTo("1.2.3");
  }
}
