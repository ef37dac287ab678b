package io.onnxfleet.gateway.security.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.gateway.security.Scope;
import io.onnxfleet.gateway.security.quota.Quota;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ApiKeyFileTest {

  private static final String HASH = "a".repeat(64);

  @Test
  void keys_areReadLineByLine_withCommentsLeftOut() {
    List<ApiKey> keys =
        ApiKeyFile.parse(
            """
            # the search team
            {"name": "search", "sha256": "%s", "scopes": ["infer", "priority"], "models": ["mini*"],
            """
                    .formatted(HASH)
                    .stripTrailing()
                + """
                 "expires": "2030-01-31T00:00:00Z", "requests_per_minute": 60, "rows_per_minute": 600,\
                 "tokens_per_minute": 6000, "concurrent_requests": 4}

                {"name": "all", "sha256": "%s", "scopes": []}
                """
                    .formatted("b".repeat(64)));

    assertThat(keys).hasSize(2);
    ApiKey first = keys.getFirst();
    assertThat(first.name()).isEqualTo("search");
    assertThat(first.digest().hex()).isEqualTo(HASH);
    assertThat(first.scopes()).containsExactlyInAnyOrder(Scope.INFER, Scope.PRIORITY);
    assertThat(first.models()).containsExactly("mini*");
    assertThat(first.expires()).isEqualTo(Instant.parse("2030-01-31T00:00:00Z"));
    assertThat(first.quota()).isEqualTo(new Quota(60, 600, 6000, 4));
    assertThat(keys.get(1).models()).containsExactly("*");
    assertThat(keys.get(1).scopes()).isEmpty();
    assertThat(keys.get(1).quota().isNone()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {                                                     | not JSON
          []                                                    | not a JSON object
          {"name": "a"}                                         | scopes: null (expected: an array of strings)
          {"name": "a b", "sha256": "HASH", "scopes": []}       | name: 'a b'
          {"name": "a", "sha256": "abc", "scopes": []}          | sha256: 3 characters (expected: 64 hexadecimal
          {"name": "a", "sha256": "HASH", "scopes": ["root"]}   | scope: 'root' (expected: infer, jobs, admin, priority)
          {"name": "a", "sha256": "HASH", "scopes": [], "x": 1} | unknown key 'x'
          {"name": "a", "sha256": "HASH", "scopes": [], "models": []}              | models: none
          {"name": "a", "sha256": "HASH", "scopes": [], "expires": "soon"}         | expires: 'soon'
          {"name": "a", "sha256": "HASH", "scopes": [], "rows_per_minute": 0}      | rows_per_minute: 0 (expected: a whole
          {"name": "a", "sha256": "HASH", "scopes": [], "rows_per_minute": 1.5}    | rows_per_minute: 1.5 (expected: a whole
          {"name": "a", "name": "b", "sha256": "HASH", "scopes": []}               | not JSON
          {"name": "a", "sha256": "HASH", "scopes": []} {}                         | not JSON
          """)
  void key_isRefusedWithItsLine_whenItIsWrong(String line, String message) {
    assertThatThrownBy(() -> ApiKeyFile.parse("\n" + line.replace("HASH", HASH)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("line 2: ")
        .hasMessageContaining(message);
  }

  @Test
  void names_andKeys_standOnce() {
    String key = "{\"name\": \"%s\", \"sha256\": \"%s\", \"scopes\": []}\n";
    assertThatThrownBy(
            () -> ApiKeyFile.parse(key.formatted("a", HASH) + key.formatted("a", "b".repeat(64))))
        .hasMessage("line 2: name: 'a', a second time (expected: each once)");
    assertThatThrownBy(() -> ApiKeyFile.parse(key.formatted("a", HASH) + key.formatted("b", HASH)))
        .hasMessageStartingWith("line 2: sha256: that of another key");
  }
}
