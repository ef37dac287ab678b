package io.onnxfleet.contract;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.MetadataKeys;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What travels between processes is written here and in no other module's main code: a name that
 * stands twice changes once, one day.
 */
class WireNamesTest {

  /** Comments, text blocks, strings and characters, whichever begins first. */
  private static final Pattern TOKENS =
      Pattern.compile(
          "//[^\\n]*|/\\*.*?\\*/|\"\"\"(?<block>.*?)\"\"\""
              + "|\"(?<string>(?:[^\"\\\\\\n]|\\\\.)*)\"|'(?:[^'\\\\\\n]|\\\\.)+'",
          Pattern.DOTALL);

  private static final Pattern API_PATH = Pattern.compile("/v[12](?:[/?].*)?", Pattern.DOTALL);

  /** Words that mean something else where they stand. */
  private static final Map<String, String> OTHER_MEANINGS =
      Map.of(
          "gateway-service SuspectMetrics quarantine", "a metric's tag",
          "inference-engine Quarantine quarantine", "the name of a note on the disk",
          "inference-engine UnmergeableModels unmergeable", "the name of a note on the disk",
          "inference-engine EngineOptions execution-providers", "an option's name in a message",
          "inference-service InferenceProperties execution-providers",
              "a configuration key in a message");

  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));

  private record Literal(String module, Path file, String text) {
    String described() {
      return module + " " + file.getFileName().toString().replace(".java", "") + " " + text;
    }
  }

  @Test
  void mainCode_ofOtherModules_writesNoWireName() throws IOException, IllegalAccessException {
    Set<String> headers = new TreeSet<>(String.CASE_INSENSITIVE_ORDER);
    headers.addAll(constants(HeaderNames.class));
    // Words that HTTP and everybody use.
    headers.removeAll(Set.of(HeaderNames.DRAINING, HeaderNames.CLOSED));
    Set<String> others = new TreeSet<>(constants(MetadataKeys.class));
    others.addAll(constants(ApiPaths.class));
    for (ErrorCode code : ErrorCode.values()) {
      // One word alone means many things.
      if (code.label() != null && code.label().indexOf('_') > 0) {
        others.add(code.label());
      }
    }
    List<String> written = new ArrayList<>();
    for (Literal literal : literals()) {
      String text = literal.text();
      boolean isWireName =
          headers.contains(text) || others.contains(text) || API_PATH.matcher(text).matches();
      if (isWireName && !OTHER_MEANINGS.containsKey(literal.described())) {
        written.add(literal.described());
      }
    }
    assertThat(written).as("expected: constants of fleet-contract in their place").isEmpty();
  }

  @Test
  void names_areSaid_whereTheyAreLookedFor() throws IOException, IllegalAccessException {
    Set<String> modules = new TreeSet<>();
    Set<String> described = new TreeSet<>();
    for (Literal literal : literals()) {
      modules.add(literal.module());
      described.add(literal.described());
    }
    assertThat(modules)
        .contains(
            "gateway-service",
            "inference-service",
            "job-service",
            "discovery-server",
            "inference-engine",
            "benchmarks",
            "benchmarks/plain-service",
            "fleet-configuration");
    assertThat(described).containsAll(OTHER_MEANINGS.keySet());
    assertThat(constants(HeaderNames.class)).hasSizeGreaterThan(20);
    assertThat(constants(ApiPaths.class)).hasSizeGreaterThan(ApiCall.values().length);
  }

  private static List<String> constants(Class<?> type) throws IllegalAccessException {
    List<String> values = new ArrayList<>();
    for (Field field : type.getFields()) {
      if (Modifier.isStatic(field.getModifiers()) && field.getType() == String.class) {
        values.add((String) field.get(null));
      }
    }
    return values;
  }

  private static List<Literal> literals() throws IOException {
    List<Literal> literals = new ArrayList<>();
    for (String module : modules()) {
      Path sources = ROOT.resolve(module).resolve("src/main/java");
      if (module.equals("fleet-contract") || !Files.isDirectory(sources)) {
        continue;
      }
      try (Stream<Path> files = Files.walk(sources)) {
        for (Path file : (Iterable<Path>) files.filter(WireNamesTest::isJava)::iterator) {
          Matcher token = TOKENS.matcher(Files.readString(file));
          while (token.find()) {
            String text =
                token.group("string") != null ? token.group("string") : token.group("block");
            if (text != null) {
              literals.add(new Literal(module, file, text));
            }
          }
        }
      }
    }
    return literals;
  }

  private static boolean isJava(Path file) {
    return file.toString().toLowerCase(Locale.ROOT).endsWith(".java");
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
