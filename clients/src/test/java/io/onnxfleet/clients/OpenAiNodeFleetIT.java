package io.onnxfleet.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.onnxfleet.clients.ClientFleet.Door;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * OpenAI's client for Node, installed from the npm registry at the versions of {@code
 * package-lock.json}. Where Node is missing or too old, this says so and is left out.
 */
@ExtendWith(FleetExtension.class)
class OpenAiNodeFleetIT {
  private static final int OLDEST_NODE = 20;
  private static final Path SOURCES = Path.of("src/test/node");
  private static final Path FOLDER = Path.of("target/node");

  @BeforeAll
  static void install() throws Exception {
    int node = node();
    if (node < OLDEST_NODE) {
      String missing =
          "Left out is OpenAI's client for Node: node %s (expected: >= %d, with npm)"
              .formatted(node == 0 ? "is missing" : node, OLDEST_NODE);
      System.out.println(missing);
      abort(missing);
    }
    Files.createDirectories(FOLDER);
    for (String file : List.of("package.json", "package-lock.json", "embeddings.mjs")) {
      Files.copy(SOURCES.resolve(file), FOLDER.resolve(file), StandardCopyOption.REPLACE_EXISTING);
    }
    run(
        List.of(
            "npm",
            "ci",
            "--prefer-offline",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error"));
  }

  /** Its major version; 0 if it or npm is missing. */
  private static int node() throws InterruptedException {
    try {
      run(List.of("npm", "--version"));
      String version = run(List.of("node", "--version")).strip();
      return Integer.parseInt(version.substring(1, version.indexOf('.')));
    } catch (IOException missing) {
      return 0;
    }
  }

  private static String run(List<String> command) throws IOException, InterruptedException {
    Files.createDirectories(FOLDER);
    Process process =
        new ProcessBuilder(command)
            .directory(FOLDER.toFile())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new IOException(command + ": exit code " + process.exitValue() + "\n" + out);
    }
    return out;
  }

  private static JsonNode calls(Door door) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("node", "embeddings.mjs"));
    command.addAll(List.of(door.openAi(), door.key(), ClientFleet.MODEL));
    command.addAll(Texts.ALL);
    return JsonMapper.shared().readTree(run(command));
  }

  private static List<float[]> vectors(JsonNode arrays) {
    return arrays.valueStream().map(Texts::floatsOf).toList();
  }

  @Test
  void calls_areAnswered_andRefusalsAreItsOwnErrors(ClientFleet fleet) throws Exception {
    List<float[]> expected = Texts.vectors(fleet);
    for (Door door : fleet.doors()) {
      JsonNode said = calls(door);

      Texts.assertSame(vectors(said.path("byDefault")), expected);
      Texts.assertSame(vectors(said.path("asFloat")), expected);
      Texts.assertSame(vectors(said.path("asBase64")), expected);
      assertThat(said.at("/usage/prompt_tokens").intValue()).isGreaterThan(15);
      assertThat(said.path("listed").valueStream().map(JsonNode::asString))
          .contains(ClientFleet.MODEL, ClientFleet.MODEL + "-int8");
      assertThat(said.path("retrieved").asString()).isEqualTo(ClientFleet.MODEL);
      assertError(said.path("unknownModel"), "NotFoundError", 404, "nobody");
      assertError(said.path("unknownRetrieved"), "NotFoundError", 404, "nobody");
      assertThat(said.at("/unknownModel/code").asString()).isEqualTo("model_not_found");
      if (door.equals(fleet.keyed())) {
        assertError(said.path("wrongKey"), "AuthenticationError", 401, "not known here");
      } else {
        assertThat(said.path("wrongKey").isNull()).isTrue();
      }
    }
  }

  private static void assertError(JsonNode error, String type, int status, String words) {
    assertThat(error.path("type").asString()).as("%s", error).isEqualTo(type);
    assertThat(error.path("status").intValue()).isEqualTo(status);
    assertThat(error.path("message").asString()).contains(words);
  }
}
