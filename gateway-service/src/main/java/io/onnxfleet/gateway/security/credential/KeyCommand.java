package io.onnxfleet.gateway.security.credential;

import io.onnxfleet.gateway.security.Scope;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes an API key: {@code key NAME --scope infer --models 'a*'}. Prints the key, which nothing
 * keeps, and appends its line to the file of keys, or prints that too.
 */
public final class KeyCommand {

  /** So that scanners for secrets know one when they see it. */
  static final String PREFIX = "fleet_";

  private static final int KEY_BYTES = 32;

  private static final String USAGE =
      """
      usage: key NAME [OPTIONS]

        --scope S,...             infer (the default), jobs, admin, priority
        --models PATTERN,...      models and families that it is for, * for any characters; the default: *
        --expires DAYSd | TIME    30d, or a time such as 2030-01-31T00:00:00Z; the default: never
        --requests-per-minute N   quotas, of the whole fleet; the default: none
        --rows-per-minute N
        --tokens-per-minute N
        --concurrent-requests N
        --file FILE               appends the key's line there; without it the line is printed
      """;

  private final SecureRandom random;
  private final InstantSource clock;

  KeyCommand(SecureRandom random, InstantSource clock) {
    this.random = random;
    this.clock = clock;
  }

  /** Runs the command; the exit code. */
  public static int run(List<String> arguments, PrintStream out, PrintStream err) {
    if (arguments.isEmpty() || arguments.contains("--help")) {
      (arguments.isEmpty() ? err : out).print(USAGE);
      return arguments.isEmpty() ? 2 : 0;
    }
    try {
      new KeyCommand(new SecureRandom(), InstantSource.system()).make(arguments, out, err);
      return 0;
    } catch (IllegalArgumentException wrong) {
      err.println("key: " + wrong.getMessage());
      return 2;
    } catch (IOException failed) {
      err.println("key: " + failed);
      return 1;
    }
  }

  void make(List<String> arguments, PrintStream out, PrintStream err) throws IOException {
    String name = arguments.getFirst();
    ApiKey.requireName(name);
    Set<Scope> scopes = EnumSet.of(Scope.INFER);
    List<String> models = List.of("*");
    Instant expires = null;
    Path file = null;
    ObjectNode quotas = JsonMapper.shared().createObjectNode();
    for (int i = 1; i < arguments.size(); i += 2) {
      String option = arguments.get(i);
      if (i + 1 == arguments.size()) {
        throw new IllegalArgumentException(option + ": nothing (expected: a value)");
      }
      String value = arguments.get(i + 1);
      switch (option) {
        case "--scope" ->
            scopes =
                parts(value).stream()
                    .map(Scope::parse)
                    .collect(Collectors.toCollection(() -> EnumSet.noneOf(Scope.class)));
        case "--models" -> models = parts(value);
        case "--expires" -> expires = time(value);
        case "--file" -> file = Path.of(value);
        case "--requests-per-minute",
            "--rows-per-minute",
            "--tokens-per-minute",
            "--concurrent-requests" ->
            quotas.put(option.substring(2).replace('-', '_'), number(option, value));
        default -> throw new IllegalArgumentException("unknown option '" + option + "'\n" + USAGE);
      }
    }
    String key = newKey();
    String line = line(name, key, scopes, models, expires, quotas);
    // What the gateway will read must be right before anybody is told of the key.
    List<ApiKey> made = ApiKeyFile.parse(line);
    if (file == null) {
      err.println("the key, which is shown this once, and its line for the file of keys:");
      out.println(key);
      out.println(line);
      return;
    }
    append(file, line, made.getFirst().name());
    err.println("appended to " + file + "; the key, which is shown this once:");
    out.println(key);
  }

  private static void append(Path file, String line, String name) throws IOException {
    String before = Files.exists(file) ? Files.readString(file, StandardCharsets.UTF_8) : "";
    boolean isTaken =
        ApiKeyFile.parse(before).stream().anyMatch(known -> known.name().equals(name));
    if (isTaken) {
      throw new IllegalArgumentException(
          "name: '%s', which %s has (expected: a new one)".formatted(name, file));
    }
    String lead = before.isEmpty() || before.endsWith("\n") ? "" : "\n";
    Path folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      Files.createDirectories(folder);
    }
    Files.writeString(
        file, lead + line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private String newKey() {
    byte[] bytes = new byte[KEY_BYTES];
    random.nextBytes(bytes);
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static String line(
      String name,
      String key,
      Set<Scope> scopes,
      List<String> models,
      @Nullable Instant expires,
      ObjectNode quotas) {
    ObjectNode line = JsonMapper.shared().createObjectNode();
    line.put(ApiKeyFile.NAME, name);
    line.put(ApiKeyFile.SHA256, CredentialDigest.of(key).hex());
    scopes.forEach(scope -> line.withArray(ApiKeyFile.SCOPES).add(scope.label()));
    models.forEach(model -> line.withArray(ApiKeyFile.MODELS).add(model));
    if (expires != null) {
      line.put(ApiKeyFile.EXPIRES, expires.toString());
    }
    line.setAll(quotas);
    return line.toString();
  }

  private static List<String> parts(String value) {
    List<String> parts = new ArrayList<>();
    for (String part : value.split(",", -1)) {
      if (!part.isBlank()) {
        parts.add(part.strip());
      }
    }
    return parts;
  }

  private Instant time(String value) {
    if (value.matches("\\d{1,5}d")) {
      Duration days = Duration.ofDays(Long.parseLong(value.substring(0, value.length() - 1)));
      return clock.instant().plus(days).truncatedTo(ChronoUnit.SECONDS);
    }
    try {
      return Instant.parse(value);
    } catch (DateTimeParseException malformed) {
      throw new IllegalArgumentException(
          "--expires: '%s' (expected: 30d, or a time such as 2030-01-31T00:00:00Z)"
              .formatted(value),
          malformed);
    }
  }

  private static int number(String option, String value) {
    if (!value.matches("[1-9]\\d{0,8}")) {
      throw new IllegalArgumentException(
          "%s: '%s' (expected: a whole number, at least 1)".formatted(option, value));
    }
    return Integer.parseInt(value);
  }
}
