package io.onnxfleet.contract.fleet;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Whose work a request is about, as {@link io.onnxfleet.contract.api.HeaderNames#OWNER} says it.
 * The gateway says it to the job service, which keeps it and says it to the gateway of each line
 * that it has answered for that owner.
 *
 * @param name the caller's, which says nothing of credentials
 * @param isAdministrator whether it sees what others own
 * @param scopes of its credentials when it came
 * @param models of its credentials when it came, as patterns
 * @param expires when these end, in seconds since the epoch; 0 for never
 * @param quota requests, rows and tokens a minute, and requests at a time; 0 is no bound
 */
public record WorkOwner(
    String name,
    boolean isAdministrator,
    List<String> scopes,
    List<String> models,
    long expires,
    List<Long> quota) {

  /** All callers are this one where nobody is asked for credentials. */
  public static final String ANYBODY = "anybody";

  /** Longer ones do not fit a request's head beside everything else. */
  public static final int MOST_LENGTH = 6 * 1024;

  private static final int PARTS = 6;
  private static final int BOUNDS = 4;
  private static final String YES = "admin";
  private static final String NO = "-";

  public WorkOwner {
    scopes = List.copyOf(scopes);
    models = List.copyOf(models);
    quota = List.copyOf(quota);
    if (name.isBlank()) {
      throw new IllegalArgumentException("owner's name: '' (expected: one)");
    }
    if (quota.size() != BOUNDS) {
      throw new IllegalArgumentException("owner's quota: " + quota + " (expected: four numbers)");
    }
  }

  /** Somebody of whom nothing but the name is known. */
  public static WorkOwner named(String name) {
    return new WorkOwner(name, false, List.of(), List.of(), 0, List.of(0L, 0L, 0L, 0L));
  }

  /**
   * Reads the header.
   *
   * @throws IllegalArgumentException if it is none; the message may be shown to the fleet
   */
  public static WorkOwner read(String header) {
    String[] parts = header.split(";", -1);
    if (parts.length != PARTS) {
      throw new IllegalArgumentException(
          "owner: " + parts.length + " parts (expected: " + PARTS + ")");
    }
    return new WorkOwner(
        MetadataText.decoded(parts[0]),
        parts[1].equals(YES),
        list(parts[2]),
        list(parts[3]),
        Long.parseLong(parts[4]),
        list(parts[5]).stream().map(Long::valueOf).toList());
  }

  private static List<String> list(String part) {
    List<String> list = new ArrayList<>();
    for (String each : part.split(",", -1)) {
      if (!each.isEmpty()) {
        list.add(MetadataText.decoded(each));
      }
    }
    return list;
  }

  /**
   * As the header says it.
   *
   * @throws IllegalArgumentException if it is too long; the message may be shown
   */
  public String write() {
    String header =
        String.join(
            ";",
            MetadataText.encoded(name),
            isAdministrator ? YES : NO,
            written(scopes),
            written(models),
            Long.toString(expires),
            quota.stream().map(String::valueOf).collect(Collectors.joining(",")));
    int length = header.getBytes(StandardCharsets.US_ASCII).length;
    if (length > MOST_LENGTH) {
      throw new IllegalArgumentException(
          "models of these credentials: %d bytes (expected: <= %d)".formatted(length, MOST_LENGTH));
    }
    return header;
  }

  private static String written(List<String> list) {
    return list.stream().map(MetadataText::encoded).collect(Collectors.joining(","));
  }
}
