package io.onnxfleet.optimizer.hub;

import io.onnxfleet.optimizer.hub.HubException.Reason;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Asks a hub what a model consists of. Thread-safe; the connection stays its owner's. */
public final class HubClient {
  static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");

  /** A path of files below the model's folder. */
  private static final Pattern INSIDE =
      Pattern.compile(
          "(?!.*(?:^|/)\\.\\.?(?:/|$))[^/\\\\\\p{Cntrl}]+(?:/[^/\\\\\\p{Cntrl}]+){0,15}");

  private static final int MOST_BYTES = 32 << 20;
  private static final int MOST_FILES = 100_000;
  private static final int MOST_NAME = 1000;
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final HubConnection connection;

  public HubClient(HubConnection connection) {
    this.connection = connection;
  }

  /**
   * What a model consists of, at the commit that its revision stands for now.
   *
   * @throws HubException if the hub does not say it, or names a path that leaves the folder
   */
  public HubModel model(HubReference reference) throws InterruptedException {
    String subject = reference.toString();
    JsonNode answer = ask(reference, subject);
    String commit = answer.path("sha").asString("");
    if (!COMMIT.matcher(commit).matches()) {
      throw new HubException(
          Reason.WRONG,
          "%s: the hub tells no commit, '%s' (expected: 40 letters of hexadecimal)"
              .formatted(subject, shown(commit)));
    }
    boolean isPinned = COMMIT.matcher(reference.revision()).matches();
    if (isPinned && !commit.equals(reference.revision())) {
      throw new HubException(
          Reason.WRONG, "%s: the hub answers with commit %s".formatted(subject, commit));
    }
    return new HubModel(reference, commit, files(answer, subject), licence(answer));
  }

  private JsonNode ask(HubReference reference, String subject) throws InterruptedException {
    String path =
        "/api/models/%s/revision/%s"
            .formatted(
                reference.id(), URLEncoder.encode(reference.revision(), StandardCharsets.UTF_8));
    byte[] body;
    try (HubConnection.Answer answer = connection.get(connection.address(path), 0, subject)) {
      body = answer.body().readNBytes(MOST_BYTES + 1);
    } catch (IOException unreachable) {
      throw new HubException(
          Reason.UNAVAILABLE,
          "%s: %s cannot be asked: %s".formatted(subject, connection.address(""), unreachable),
          unreachable);
    }
    if (body.length > MOST_BYTES) {
      throw new HubException(
          Reason.WRONG,
          "%s: the hub answers more than %d bytes (expected: fewer)"
              .formatted(subject, MOST_BYTES));
    }
    try {
      return JSON.readTree(body);
    } catch (JacksonException malformed) {
      throw new HubException(
          Reason.WRONG,
          "%s: the hub answers no JSON: %s".formatted(subject, malformed.getOriginalMessage()),
          malformed);
    }
  }

  private static List<String> files(JsonNode answer, String subject) {
    List<String> files = new ArrayList<>();
    for (JsonNode sibling : answer.path("siblings")) {
      String name = sibling.path("rfilename").asString("");
      if (!isInside(name)) {
        throw new HubException(
            Reason.WRONG,
            "%s: the hub names a file '%s' (expected: a path within the model's folder)"
                .formatted(subject, shown(name)));
      }
      files.add(name);
    }
    if (files.isEmpty() || files.size() > MOST_FILES) {
      throw new HubException(
          Reason.WRONG,
          "%s: the hub names %d files (expected: 1 to %d)"
              .formatted(subject, files.size(), MOST_FILES));
    }
    return files;
  }

  static boolean isInside(String name) {
    return name.length() <= MOST_NAME && INSIDE.matcher(name).matches();
  }

  private static @Nullable String licence(JsonNode answer) {
    JsonNode said = answer.path("cardData").path("license");
    if (said.isString() && !said.asString().isBlank()) {
      return said.asString();
    }
    for (JsonNode tag : answer.path("tags")) {
      String text = tag.asString("");
      if (text.startsWith("license:")) {
        return text.substring("license:".length());
      }
    }
    return null;
  }

  static String shown(String text) {
    String plain = text.replaceAll("\\p{Cntrl}", "?");
    return plain.length() <= 100 ? plain : plain.substring(0, 100) + "...";
  }
}
