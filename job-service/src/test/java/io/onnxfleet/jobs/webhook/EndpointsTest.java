package io.onnxfleet.jobs.webhook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.jobs.configuration.WebhookProperties;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EndpointsTest {
  private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  private static final String URL = "https://hooks.test/fleet?x=1";

  @TempDir private Path folder;

  private static WebhookProperties.Endpoint endpoint(
      String url,
      List<String> secrets,
      @Nullable Path file,
      List<String> events,
      List<String> owners) {
    return new WebhookProperties.Endpoint(url, secrets, file, events, owners);
  }

  private static Endpoints one(WebhookProperties.Endpoint endpoint) {
    return new Endpoints(Map.of("one", endpoint));
  }

  @Test
  void wanting_isByTypeAndOwner() {
    Endpoints endpoints =
        new Endpoints(
            Map.of(
                "all", endpoint(URL, List.of(SECRET), null, List.of(), List.of("*")),
                "alice",
                    endpoint(
                        URL,
                        List.of(SECRET),
                        null,
                        List.of("batch.failed"),
                        List.of("key:alice", "token:a.*"))));
    assertThat(names(endpoints, EventType.BATCH_FAILED, "key:alice"))
        .containsExactly("alice", "all");
    assertThat(names(endpoints, EventType.BATCH_FAILED, "token:a.b\nc"))
        .containsExactly("alice", "all");
    for (String other : List.of("key:alice2", "xkey:alice", "token:aXb", "anybody")) {
      assertThat(names(endpoints, EventType.BATCH_FAILED, other)).as(other).containsExactly("all");
    }
    assertThat(names(endpoints, EventType.BATCH_COMPLETED, "key:alice")).containsExactly("all");
  }

  private static List<String> names(Endpoints endpoints, EventType type, String owner) {
    return endpoints.wanting(type, owner).stream().map(Endpoint::name).toList();
  }

  @Test
  void secrets_areThoseOfSettingAndFile() throws IOException {
    Path file = Files.writeString(folder.resolve("secrets"), SECRET + "\n\n  " + SECRET + " \n");
    Endpoints endpoints = one(endpoint(URL, List.of(SECRET), file, List.of(), List.of("*")));
    assertThat(endpoints.find("one").orElseThrow().secrets()).hasSize(3);
    assertThatThrownBy(
            () -> one(endpoint(URL, List.of(), folder.resolve("missing"), List.of(), List.of("*"))))
        .hasMessageContaining("fleet.jobs.webhooks.endpoints.one.secret-file");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "hooks.test",
        "ftp://hooks.test/",
        "file:///etc/passwd",
        "https:///path",
        "https://user:word@hooks.test/",
        "https://hooks.test/#part",
        "https://hooks.test:0/",
        "https://hooks.test:70000/",
        "https://hooks test/"
      })
  void url_isRefused_withTheKey(String url) {
    assertThatThrownBy(() -> one(endpoint(url, List.of(SECRET), null, List.of(), List.of("*"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("fleet.jobs.webhooks.endpoints.one.url: ");
  }

  @Test
  void rest_isRefused_withTheKey() {
    assertThatThrownBy(() -> one(endpoint(URL, List.of(), null, List.of(), List.of("*"))))
        .hasMessageStartingWith("fleet.jobs.webhooks.endpoints.one.secrets: none");
    assertThatThrownBy(
            () -> one(endpoint(URL, List.of(SECRET), null, List.of("batch.done"), List.of("*"))))
        .hasMessageStartingWith("fleet.jobs.webhooks.endpoints.one.events: 'batch.done'")
        .hasMessageContaining("batch.completed");
    WebhookProperties.Endpoint right =
        endpoint(URL, List.of(SECRET), null, List.of(), List.of("*"));
    assertThatThrownBy(() -> new Endpoints(Map.of("a:b", right))).hasMessageContaining("a:b");
    assertThat(right.toString()).doesNotContain("whsec").doesNotContain("hooks.test");
  }
}
