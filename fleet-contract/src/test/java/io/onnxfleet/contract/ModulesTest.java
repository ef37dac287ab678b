package io.onnxfleet.contract;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Each module whose packages could know each other forbids circles, as deep as its packages go. */
class ModulesTest {
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final Path SOURCES = Path.of("src/main/java");
  private static final String OURS = "io.onnxfleet";

  @Test
  void modulesOfSeveralPackages_forbidCirclesAtEachDepth() throws IOException {
    List<String> looked = new ArrayList<>();
    for (String module : modules()) {
      Set<String> packages = packages(ROOT.resolve(module).resolve(SOURCES));
      if (packages.size() < 2) {
        continue;
      }
      looked.add(module);
      String rules = architectureTest(module);
      assertThat(rules).as(module).contains("beFreeOfCycles()", "\"" + OURS + ".(**)\"");
      for (int depth = 2; depth <= deepest(packages); depth++) {
        assertThat(rules)
            .as("%s, whose packages are %s", module, packages)
            .contains("\"" + OURS + ".(*)" + ".(*)".repeat(depth - 1) + "..\"");
      }
    }
    assertThat(looked)
        .contains("fleet-contract", "launcher", "testing", "inference-engine", "gateway-service")
        .contains("inference-service", "job-service", "discovery-server", "benchmarks")
        .contains("model-optimizer");
  }

  /** Names below ours: of {@code io.onnxfleet.a.b} two. */
  private static int deepest(Set<String> packages) {
    int ours = OURS.split("\\.", -1).length;
    return packages.stream()
        .mapToInt(name -> name.split("\\.", -1).length - ours)
        .max()
        .orElseThrow();
  }

  private static Set<String> packages(Path sources) throws IOException {
    Set<String> packages = new TreeSet<>();
    if (Files.isDirectory(sources)) {
      try (Stream<Path> files = Files.walk(sources)) {
        for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
          packages.add(sources.relativize(file.getParent()).toString().replace('/', '.'));
        }
      }
    }
    return packages;
  }

  private static String architectureTest(String module) throws IOException {
    Path tests = ROOT.resolve(module).resolve("src/test/java");
    try (Stream<Path> files = Files.isDirectory(tests) ? Files.walk(tests) : Stream.empty()) {
      List<Path> found =
          files
              .filter(file -> file.getFileName().toString().equals("ArchitectureTest.java"))
              .toList();
      assertThat(found).as(module).hasSize(1);
      return Files.readString(found.get(0));
    }
  }

  private static List<String> modules() throws IOException {
    List<String> modules = new ArrayList<>();
    Matcher module =
        Pattern.compile("<module>([^<]+)</module>")
            .matcher(Files.readString(ROOT.resolve("pom.xml")));
    while (module.find()) {
      modules.add(module.group(1));
    }
    return modules;
  }
}
