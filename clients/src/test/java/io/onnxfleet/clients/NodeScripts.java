package io.onnxfleet.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/**
 * Scripts with OpenAI's and Cohere's clients for Node, installed from the npm registry at the
 * versions of {@code package-lock.json}. For one thread.
 */
final class NodeScripts {
  private static final int OLDEST_NODE = 20;
  private static final Path SOURCES = Path.of("src/test/node");
  private static final Path FOLDER = Path.of("target/node");

  private static boolean installed;

  private NodeScripts() {}

  /** Installs the clients once; where Node is missing or too old, the test says so and ends. */
  static void install() throws IOException, InterruptedException {
    int node = node();
    if (node < OLDEST_NODE) {
      String missing =
          "Left out are OpenAI's and Cohere's clients for Node: node %s (expected: >= %d, with npm)"
              .formatted(node == 0 ? "is missing" : node, OLDEST_NODE);
      System.out.println(missing);
      abort(missing);
    }
    if (installed) {
      return;
    }
    Files.createDirectories(FOLDER);
    for (String file :
        List.of(
            "package.json",
            "package-lock.json",
            "embeddings.mjs",
            "batches.mjs",
            "webhooks.mjs",
            "rerank.mjs")) {
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
    installed = true;
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

  /** Runs a command beside the scripts; what it printed. */
  static String run(List<String> command) throws IOException, InterruptedException {
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
}
