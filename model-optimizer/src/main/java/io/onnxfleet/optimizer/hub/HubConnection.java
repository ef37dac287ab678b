package io.onnxfleet.optimizer.hub;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.hub.HubException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * Requests to one hub. The token goes to the hub's own scheme, host and port and to nobody else,
 * wherever a redirect leads; from https none leads to http. Thread-safe; to be closed.
 */
public final class HubConnection implements AutoCloseable {
  /** The variable that names another hub than the usual one. */
  public static final String ENDPOINT = "HF_ENDPOINT";

  /** The variable that holds the token. */
  public static final String TOKEN = "HF_TOKEN";

  private static final String USUAL = "https://huggingface.co";
  private static final int MOST_REDIRECTS = 10;
  private static final int LEAST_REDIRECT = 300;
  private static final int LEAST_FAILURE = 400;
  private static final int UNAUTHORIZED = 401;
  private static final int FORBIDDEN = 403;
  private static final int NOT_FOUND = 404;
  private static final int NO_SUCH_RANGE = 416;
  private static final int TOO_MANY = 429;
  private static final int LEAST_BROKEN = 500;
  private static final Duration CONNECT = Duration.ofSeconds(10);

  /** Until an answer begins. */
  private static final Duration ANSWER = Duration.ofSeconds(60);

  /** Between two pieces of an answer. */
  private static final Duration STALL = Duration.ofSeconds(60);

  private final URI endpoint;
  private final @Nullable String token;
  private final Duration stall;
  private final ScheduledExecutorService clock =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().name("hub-clock").daemon().factory());
  private final HttpClient client =
      HttpClient.newBuilder()
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  /**
   * @param endpoint the hub's address, with or without a path
   * @param token null for none
   * @param stall how long nothing of an answer may come before the connection counts as broken
   */
  HubConnection(URI endpoint, @Nullable String token, Duration stall) {
    this.endpoint = endpoint;
    this.stall = stall;
    this.token = token == null || token.isBlank() ? null : token.strip();
  }

  /** The hub that environment variables name, or the usual one. */
  public static HubConnection of(Map<String, String> variables) {
    String address = variables.getOrDefault(ENDPOINT, "").strip();
    String named = address.isEmpty() ? USUAL : address.replaceFirst("/+$", "");
    try {
      URI endpoint = URI.create(named);
      String scheme = String.valueOf(endpoint.getScheme());
      if (endpoint.getHost() != null && (scheme.equals("http") || scheme.equals("https"))) {
        return new HubConnection(endpoint, variables.get(TOKEN), STALL);
      }
    } catch (IllegalArgumentException noAddress) {
      // Told below.
    }
    throw new OptimizerException(
        "%s: '%s' (expected: an address such as %s)".formatted(ENDPOINT, named, USUAL));
  }

  /**
   * An answer that came.
   *
   * @param first the headers of the hub itself, before any redirect
   * @param status 200, 206 or 416
   */
  record Answer(HttpHeaders first, HttpHeaders last, int status, InputStream body)
      implements AutoCloseable {
    @Override
    public void close() throws IOException {
      body.close();
    }
  }

  /** The address of something of the hub's. */
  URI address(String path) {
    return URI.create(endpoint + path);
  }

  /**
   * Asks for something, and follows where it leads.
   *
   * @param subject what is asked for, in messages
   * @param from the first byte that is wanted
   * @throws HubException if the hub answers otherwise than with it
   * @throws IOException if the connection fails
   */
  Answer get(URI address, long from, String subject) throws IOException, InterruptedException {
    URI next = address;
    HttpHeaders first = null;
    for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      HttpResponse<InputStream> response = send(next, from);
      if (first == null || isOwn(next)) {
        first = merged(first, response.headers());
      }
      int status = response.statusCode();
      if (status < LEAST_REDIRECT || (status == NO_SUCH_RANGE && from > 0)) {
        return new Answer(
            first, response.headers(), status, new WatchedStream(response.body(), clock, stall));
      }
      try (InputStream _ = response.body()) {
        if (status >= LEAST_FAILURE) {
          throw refusal(next, response, subject);
        }
        next = target(next, response, subject);
      }
    }
    throw new HubException(
        Reason.WRONG, "%s: more than %d redirects".formatted(subject, MOST_REDIRECTS));
  }

  /** Of a file that has moved to another name on the same hub, the last one speaks. */
  private static HttpHeaders merged(@Nullable HttpHeaders before, HttpHeaders headers) {
    return before == null || headers.firstValue("X-Repo-Commit").isPresent() ? headers : before;
  }

  private HttpResponse<InputStream> send(URI address, long from)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .timeout(ANSWER)
            .header("User-Agent", "onnx-fleet")
            // What is compressed on the way has another length than the file.
            .header("Accept-Encoding", "identity")
            .GET();
    if (from > 0) {
      request.header("Range", "bytes=" + from + "-");
    }
    if (token != null && isOwn(address)) {
      request.header("Authorization", "Bearer " + token);
    }
    return client.send(request.build(), BodyHandlers.ofInputStream());
  }

  private boolean isOwn(URI address) {
    return endpoint.getScheme().equalsIgnoreCase(address.getScheme())
        && endpoint.getHost().equalsIgnoreCase(address.getHost())
        && port(endpoint) == port(address);
  }

  private static int port(URI address) {
    if (address.getPort() >= 0) {
      return address.getPort();
    }
    return "https".equalsIgnoreCase(address.getScheme()) ? 443 : 80;
  }

  private static URI target(URI from, HttpResponse<?> response, String subject) {
    String location = response.headers().firstValue("Location").orElse("");
    try {
      URI target = from.resolve(location);
      String scheme = String.valueOf(target.getScheme()).toLowerCase(Locale.ROOT);
      boolean known = scheme.equals("https") || scheme.equals("http");
      boolean weaker = scheme.equals("http") && "https".equalsIgnoreCase(from.getScheme());
      if (!location.isEmpty() && known && target.getHost() != null && !weaker) {
        return target;
      }
    } catch (IllegalArgumentException noAddress) {
      // Told below.
    }
    throw new HubException(
        Reason.WRONG,
        "%s: redirected by %s to '%s' (expected: another address%s)"
            .formatted(
                subject,
                from.getHost(),
                location.replaceAll("\\p{Cntrl}", "?"),
                "https".equalsIgnoreCase(from.getScheme()) ? " of https" : ""));
  }

  private HubException refusal(URI address, HttpResponse<?> response, String subject) {
    int status = response.statusCode();
    String code = response.headers().firstValue("X-Error-Code").orElse("");
    String where = address.getHost();
    if (!isOwn(address)) {
      return new HubException(
          Reason.UNAVAILABLE,
          "%s: %s answered %d (expected: 200)".formatted(subject, where, status));
    }
    if (code.equals("GatedRepo") || (status == FORBIDDEN && code.isEmpty())) {
      return new HubException(
          Reason.GATED,
          "%s: %d, it is gated: accept its terms on its page at %s, and set %s to a token of that account%s"
              .formatted(subject, status, endpoint, TOKEN, given()));
    }
    return switch (status) {
      case UNAUTHORIZED ->
          new HubException(
              Reason.UNAUTHORIZED,
              token == null
                  ? "%s: 401, there is no such model, or it is private: %s (not set) must be a token that may read it"
                      .formatted(subject, TOKEN)
                  : "%s: 401, the hub takes no token as in %s for it, or there is no such model"
                      .formatted(subject, TOKEN));
      case FORBIDDEN ->
          new HubException(
              Reason.UNAUTHORIZED,
              "%s: 403 %s, who has the token in %s may not read it%s"
                  .formatted(subject, code, TOKEN, given()));
      case NOT_FOUND ->
          new HubException(
              Reason.NOT_FOUND, "%s: 404, %s on %s".formatted(subject, missing(code), where));
      default ->
          new HubException(
              status == TOO_MANY || status >= LEAST_BROKEN ? Reason.UNAVAILABLE : Reason.WRONG,
              "%s: %s answered %d (expected: 200)".formatted(subject, where, status));
    };
  }

  private String given() {
    return token == null ? " (it is not set)" : "";
  }

  private static String missing(String code) {
    return switch (code) {
      case "RepoNotFound" -> "no such model";
      case "RevisionNotFound" -> "the model has no such revision";
      case "EntryNotFound" -> "no such file";
      default -> "no such model, revision or file";
    };
  }

  @Override
  public void close() {
    client.close();
    clock.shutdownNow();
  }
}
