package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.gateway.security.credential.KeyCommand;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

/** How a gateway starts with keys and without, and what it does with wrong ones. */
@ExtendWith(OutputCaptureExtension.class)
class SecurityStartIT {

  private static final String OPEN = "THIS GATEWAY IS OPEN";

  @TempDir private Path folder;

  @Test
  void failures_areLimitedByAddress_andRightKeysPassMeanwhile() throws Exception {
    Path keys = folder.resolve("keys.jsonl");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    KeyCommand.run(
        List.of("team", "--file", keys.toString()),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        System.err);
    String infer = out.toString(StandardCharsets.UTF_8).strip();
    try (RunningGateway strict =
        new RunningGateway(
            "fleet.gateway.security.keys=" + keys,
            "fleet.gateway.security.failures-per-minute=3")) {
      List<Integer> statuses = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        statuses.add(
            strict
                .send(strict.request("/v2").header("Authorization", "Bearer wrong" + i))
                .statusCode());
      }
      assertThat(statuses).containsExactly(401, 401, 401, 429, 429);
      assertThat(
              strict
                  .send(strict.request("/v2").header("Authorization", "Bearer " + infer))
                  .statusCode())
          .isEqualTo(200);
      assertThat(strict.get("/v2").statusCode()).isEqualTo(401);
    }
  }

  /** Somebody thought of it: the right guess must not come quicker than the wrong ones. */
  @Test
  void tokenOfAdministrators_cannotBeGuessedQuickly() throws Exception {
    Path keys = Files.writeString(folder.resolve("none.jsonl"), "");
    for (String file : new String[] {"", keys.toString()}) {
      try (RunningGateway gateway =
          new RunningGateway(
              "fleet.gateway.security.keys=" + file,
              "fleet.gateway.administration.token=tr0ub4dor",
              "fleet.gateway.security.failures-per-minute=3")) {
        List<Integer> statuses = new ArrayList<>();
        for (String token : List.of("tr0ub4dor", "a", "b", "c", "d", "tr0ub4dor")) {
          statuses.add(
              gateway
                  .send(
                      gateway
                          .request("/v2/fleet/rollouts/m")
                          .header("Authorization", "Bearer " + token)
                          .DELETE())
                  .statusCode());
        }
        assertThat(statuses).as(file).containsExactly(404, 401, 401, 401, 429, 429);
      }
    }
  }

  @Test
  void start_fails_whenTheFileIsWrong_andServesNobody_whenItIsMissing() throws Exception {
    Path wrong = folder.resolve("wrong.jsonl");
    Files.writeString(wrong, "\n{\"name\": \"x\"}\n");
    assertThatThrownBy(() -> new RunningGateway("fleet.gateway.security.keys=" + wrong))
        .hasStackTraceContaining(wrong + ": line 2: ");
    Path missing = folder.resolve("missing.jsonl");
    try (RunningGateway empty = new RunningGateway("fleet.gateway.security.keys=" + missing)) {
      assertThat(empty.get("/v2").statusCode()).isEqualTo(401);
      assertThat(empty.get("/v2/health/live").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void start_saysLoudly_thatOthersNeedNoCredentials(CapturedOutput output) throws Exception {
    try (RunningGateway _ = new RunningGateway()) {
      assertThat(output).doesNotContain(OPEN);
    }
    Path keys = Files.writeString(folder.resolve("none"), "");
    try (RunningGateway _ =
        new RunningGateway("server.address=0.0.0.0", "fleet.gateway.security.keys=" + keys)) {
      assertThat(output).doesNotContain(OPEN);
    }
    try (RunningGateway _ = new RunningGateway("server.address=0.0.0.0")) {
      assertThat(output).contains(OPEN + ": it listens on 0.0.0.0");
    }
  }
}
