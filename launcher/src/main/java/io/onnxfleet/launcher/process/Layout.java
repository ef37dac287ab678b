package io.onnxfleet.launcher.process;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A module as {@code build/Layout.java} laid it out: a folder in which {@code java @jvm.args
 * @application.args} starts it, by the JDK that runs this.
 */
public record Layout(Path folder) {
  /** The JVM's options, one a line. */
  public static final String OPTIONS = "jvm.args";

  private static final String APPLICATION = "application.args";

  public static Layout of(Path root, String module) {
    return new Layout(root.resolve(module).resolve("target/layout").toAbsolutePath());
  }

  /** Whether the build has been there. */
  public boolean isMade() {
    return Files.isRegularFile(folder.resolve(APPLICATION));
  }

  /** Starts the module in its folder; further options of the JVM win over the layout's own. */
  public List<String> command(List<String> jvmOptions, List<String> arguments) {
    List<String> options = new ArrayList<>();
    options.add("@" + OPTIONS);
    options.addAll(jvmOptions);
    return commandWithout(options, arguments);
  }

  /** The same without the layout's own options. */
  public List<String> commandWithout(List<String> jvmOptions, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(java().toString());
    command.addAll(jvmOptions);
    command.add("@" + APPLICATION);
    command.addAll(arguments);
    return command;
  }

  /** Starts a class of the module wherever the caller stands. */
  public List<String> commandElsewhere(
      List<String> jvmOptions, String mainClass, List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(java().toString());
    command.addAll(jvmOptions);
    command.addAll(List.of("-classpath", classPath(), mainClass));
    command.addAll(arguments);
    return command;
  }

  /** The layout names its jars relative to itself. */
  private String classPath() throws IOException {
    String line = Files.readAllLines(folder.resolve(APPLICATION)).get(1).replace("\"", "");
    return Arrays.stream(line.split(File.pathSeparator, -1))
        .map(jar -> folder.resolve(jar).toString())
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static Path java() {
    return Path.of(System.getProperty("java.home"), "bin", "java");
  }
}
