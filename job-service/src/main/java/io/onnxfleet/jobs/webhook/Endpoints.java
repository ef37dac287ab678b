package io.onnxfleet.jobs.webhook;

import io.onnxfleet.jobs.configuration.WebhookProperties;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The endpoints that are configured. Immutable. */
final class Endpoints {
  private static final String PREFIX = "fleet.jobs.webhooks.endpoints.";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final Set<String> SCHEMES = Set.of("http", "https");

  private final Map<String, Endpoint> byName = new TreeMap<>();

  /**
   * Reads them, and the files with their secrets.
   *
   * @throws IllegalArgumentException if one is not usable
   */
  Endpoints(Map<String, WebhookProperties.Endpoint> configured) {
    configured.forEach((name, endpoint) -> byName.put(name, read(name, endpoint)));
  }

  private static Endpoint read(String name, WebhookProperties.Endpoint given) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "%s: '%s' (expected: a name of letters, digits, '.', '-' and '_')"
              .formatted(PREFIX, name));
    }
    String key = PREFIX + name + ".";
    Set<EventType> types = EnumSet.allOf(EventType.class);
    if (!given.events().isEmpty()) {
      types =
          given.events().stream()
              .map(label -> EventType.of(key + "events", label))
              .collect(Collectors.toSet());
    }
    return new Endpoint(
        name,
        url(key + "url", given.url()),
        types,
        given.owners().stream().map(Endpoints::pattern).toList(),
        secrets(key, given));
  }

  private static URI url(String key, String text) {
    try {
      URI url = URI.create(text);
      if (SCHEMES.contains(String.valueOf(url.getScheme()))
          && url.getHost() != null
          && url.getRawUserInfo() == null
          && url.getRawFragment() == null
          && url.getPort() != 0
          && url.getPort() <= 0xffff) {
        return url;
      }
    } catch (IllegalArgumentException malformed) {
      throw new IllegalArgumentException(key + ": not a URL", malformed);
    }
    throw new IllegalArgumentException(
        key + ": not such a URL (expected: https, or http, and a host; no user and no fragment)");
  }

  /** {@code *} stands for any characters, all others for themselves. */
  private static Pattern pattern(String owner) {
    return Pattern.compile(
        Stream.of(owner.split("\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*")),
        Pattern.DOTALL);
  }

  private static List<SigningSecret> secrets(String key, WebhookProperties.Endpoint given) {
    List<SigningSecret> secrets = new ArrayList<>();
    for (String secret : given.secrets()) {
      secrets.add(SigningSecret.parse(key + "secrets", secret));
    }
    Path file = given.secretFile();
    if (file != null) {
      try (Stream<String> lines = Files.lines(file)) {
        lines
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .forEach(line -> secrets.add(SigningSecret.parse(key + "secret-file", line)));
      } catch (IOException unreadable) {
        throw new UncheckedIOException(
            "%ssecret-file: %s (expected: a file that can be read)".formatted(key, file),
            unreadable);
      }
    }
    if (secrets.isEmpty()) {
      throw new IllegalArgumentException(
          key + "secrets: none (expected: one at least, there or in secret-file)");
    }
    return secrets;
  }

  Set<String> names() {
    return byName.keySet();
  }

  Optional<Endpoint> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  List<Endpoint> wanting(EventType type, String owner) {
    return byName.values().stream().filter(endpoint -> endpoint.wants(type, owner)).toList();
  }
}
