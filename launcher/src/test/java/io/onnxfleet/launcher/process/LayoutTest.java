package io.onnxfleet.launcher.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LayoutTest {
  @TempDir private Path root;

  @Test
  void command_hasTheLayoutsOptionsFirst() {
    List<String> command = Layout.of(root, "module").command(List.of("-Da=b"), List.of("--c=d"));
    assertThat(command.getFirst()).endsWith("java");
    assertThat(command.subList(1, command.size()))
        .containsExactly("@jvm.args", "-Da=b", "@application.args", "--c=d");
  }

  @Test
  void commandElsewhere_namesJarsInTheLayout() throws IOException {
    Layout layout = Layout.of(root, "module");
    assertThat(layout.isMade()).isFalse();
    Files.createDirectories(layout.folder());
    Files.writeString(
        layout.folder().resolve("application.args"),
        "-classpath\n\"a.jar" + File.pathSeparator + "lib/b.jar\"\nMain\n");
    assertThat(layout.isMade()).isTrue();
    assertThat(layout.commandElsewhere(List.of("-Xmx9m"), "Other", List.of("it")))
        .containsSubsequence(
            "-Xmx9m",
            "-classpath",
            layout.folder().resolve("a.jar")
                + File.pathSeparator
                + layout.folder().resolve("lib/b.jar"),
            "Other",
            "it");
  }
}
