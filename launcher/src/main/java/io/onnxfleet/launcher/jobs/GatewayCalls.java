package io.onnxfleet.launcher.jobs;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.json.MalformedJsonException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The gateway's paths of files and batches. Files stream in both directions. Thread-safe. */
public final class GatewayCalls implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration TIMEOUT = Duration.ofSeconds(60);
  private static final int MOST_JSON = 4 << 20;
  private static final int OK = 200;
  private static final int UNAUTHORIZED = 401;
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");

  /** Answers that say that another one may come. */
  private static final List<Integer> FOR_NOW = List.of(408, 429, 500, 502, 503, 504);

  private final URI base;
  private final @Nullable String key;
  private final RandomGenerator random;
  private final HttpClient http;

  /**
   * Asks a gateway.
   *
   * @param key that it is shown; null for none
   */
  public GatewayCalls(URI base, @Nullable String key, RandomGenerator random) {
    this.base = base;
    this.key = key;
    this.random = random;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT)
            .build();
  }

  /** No answer that is one; another may come later. */
  public static final class ForNowException extends IOException {
    private static final long serialVersionUID = 1L;

    ForNowException(String message) {
      super(message);
    }
  }

  /** Uploads an input; its id. */
  public String upload(Path file) throws IOException, InterruptedException {
    byte[] drawn = new byte[16];
    random.nextBytes(drawn);
    String boundary = "fleet-" + HexFormat.of().formatHex(drawn);
    String part = "--" + boundary + "\r\nContent-Disposition: form-data; name=";
    String name = String.valueOf(file.getFileName());
    String quoted = name.replace("\"", "%22").replace("\r", "%0D").replace("\n", "%0A");
    BodyPublisher body =
        BodyPublishers.concat(
            BodyPublishers.ofString(
                part
                    + "\"purpose\"\r\n\r\nbatch\r\n"
                    + part
                    + "\"file\"; filename=\""
                    + quoted
                    + "\"\r\n\r\n"),
            BodyPublishers.ofFile(file),
            BodyPublishers.ofString("\r\n--" + boundary + "--\r\n"));
    HttpRequest.Builder request =
        request(ApiPaths.FILES)
            .header("Content-Type", "multipart/form-data; boundary=" + boundary)
            .POST(body);
    return id(json(request));
  }

  /** Makes a batch of an input; its id. */
  public String create(String file, String endpoint, String window)
      throws IOException, InterruptedException {
    String body =
        "{\"input_file_id\":%s,\"endpoint\":%s,\"completion_window\":%s}"
            .formatted(quoted(file), quoted(endpoint), quoted(window));
    return id(
        json(
            request(ApiPaths.BATCHES)
                .timeout(TIMEOUT)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body))));
  }

  private static String id(JsonTree made) throws IOException {
    String id = made.get("id").text();
    if (id == null) {
      throw new IOException("the gateway's answer has no id (expected: one)");
    }
    return id;
  }

  void delete(String file) throws IOException, InterruptedException {
    json(request(ApiPaths.FILES + "/" + requireId(file)).timeout(TIMEOUT).DELETE());
  }

  /** A batch as it is now. */
  public BatchView batch(String id) throws IOException, InterruptedException {
    return BatchView.of(json(request(path(id)).timeout(TIMEOUT)));
  }

  /**
   * A page of them, the latest first.
   *
   * @param after the id of the last one that was seen; null for the beginning
   */
  List<BatchView> list(int limit, @Nullable String after) throws IOException, InterruptedException {
    String query = "?limit=" + limit + (after == null ? "" : "&after=" + requireId(after));
    return json(request(ApiPaths.BATCHES + query).timeout(TIMEOUT)).get("data").elements().stream()
        .map(BatchView::of)
        .toList();
  }

  /** Has no further lines of a batch run. */
  public BatchView cancel(String id) throws IOException, InterruptedException {
    return BatchView.of(
        json(request(path(id) + "/cancel").timeout(TIMEOUT).POST(BodyPublishers.noBody())));
  }

  /** A file's bytes, as they come. */
  public InputStream content(String file) throws IOException, InterruptedException {
    return send(request(ApiPaths.FILES + "/" + requireId(file) + "/content").timeout(TIMEOUT));
  }

  private static String path(String batch) {
    return ApiPaths.BATCHES + "/" + requireId(batch);
  }

  private static String requireId(String id) {
    if (!ID.matcher(id).matches()) {
      throw new IllegalArgumentException(
          "'%s' (expected: a batch's id, which ./fleet jobs list tells)".formatted(id));
    }
    return id;
  }

  private HttpRequest.Builder request(String path) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path));
    return key == null ? request : request.header("Authorization", "Bearer " + key);
  }

  private JsonTree json(HttpRequest.Builder request) throws IOException, InterruptedException {
    byte[] body = read(send(request));
    try {
      return JsonTree.read(body);
    } catch (MalformedJsonException malformed) {
      throw new IOException(
          "%s: %s (expected: a gateway of the fleet)".formatted(base, malformed.getMessage()));
    }
  }

  /** A small body, whole: a gateway may end while it answers. */
  private byte[] read(InputStream content) throws ForNowException {
    try (content) {
      return content.readNBytes(MOST_JSON);
    } catch (IOException broken) {
      throw new ForNowException("%s: %s".formatted(base, broken));
    }
  }

  /** The body of a 200. */
  private InputStream send(HttpRequest.Builder request) throws IOException, InterruptedException {
    HttpRequest asked = request.build();
    HttpResponse<InputStream> answer;
    try {
      answer = http.send(asked, BodyHandlers.ofInputStream());
    } catch (ConnectException | HttpConnectTimeoutException unreached) {
      throw new ForNowException(
          "no gateway answers at %s (expected: a fleet that runs; ./fleet up starts one, --url names another gateway)"
              .formatted(base));
    } catch (IOException broken) {
      throw new ForNowException("%s: %s".formatted(asked.uri(), broken));
    }
    if (answer.statusCode() == OK) {
      return answer.body();
    }
    String message = message(read(answer.body()));
    String told =
        "%s %s: status %d: %s%s"
            .formatted(
                asked.method(),
                asked.uri(),
                answer.statusCode(),
                message,
                answer.statusCode() == UNAUTHORIZED && key == null
                    ? " (expected: FLEET_API_KEY, a key with the scopes jobs and infer)"
                    : "");
    throw FOR_NOW.contains(answer.statusCode()) ? new ForNowException(told) : new IOException(told);
  }

  private static String message(byte[] body) throws IOException {
    try {
      JsonTree error = JsonTree.read(body).get("error");
      String message = error.text();
      return message == null ? error.get("message").text(new String(body, UTF_8)) : message;
    } catch (MalformedJsonException other) {
      return new String(body, UTF_8);
    }
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int index = 0; index < text.length(); index++) {
      char next = text.charAt(index);
      if (next == '"' || next == '\\') {
        quoted.append('\\').append(next);
      } else if (next < ' ') {
        quoted.append(String.format("\\u%04x", (int) next));
      } else {
        quoted.append(next);
      }
    }
    return quoted.append('"').toString();
  }

  @Override
  public void close() {
    http.close();
  }
}
