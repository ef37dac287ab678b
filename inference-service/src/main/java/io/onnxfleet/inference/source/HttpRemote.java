package io.onnxfleet.inference.source;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A web server. */
final class HttpRemote implements Remote {
  private static final int OK = 200;
  private static final int PARTIAL = 206;
  private static final int NO_SUCH_RANGE = 416;
  private static final Duration CONNECT = Duration.ofSeconds(10);

  /** Until an answer begins. */
  private static final Duration ANSWER = Duration.ofSeconds(60);

  private final HttpClient client =
      HttpClient.newBuilder()
          .connectTimeout(CONNECT)
          .followRedirects(HttpClient.Redirect.NORMAL)
          .build();

  @Override
  public Content open(URI file, long from, @Nullable String tag)
      throws IOException, InterruptedException {
    HttpRequest.Builder request = HttpRequest.newBuilder(file).timeout(ANSWER).GET();
    if (tag != null) {
      request.header("If-Match", tag);
    }
    if (from > 0) {
      request.header("Range", "bytes=" + from + "-");
    }
    HttpResponse<InputStream> response = client.send(request.build(), BodyHandlers.ofInputStream());
    int status = response.statusCode();
    if (status == OK || (status == PARTIAL && begins(response, from))) {
      return new Content(response.body(), status == OK ? 0 : from);
    }
    response.body().close();
    if (from > 0 && status == NO_SUCH_RANGE) {
      throw new NothingLeft();
    }
    throw new IOException("status %d (expected: 200)".formatted(status));
  }

  private static boolean begins(HttpResponse<?> response, long from) {
    return response
        .headers()
        .firstValue("Content-Range")
        .orElse("")
        .startsWith("bytes " + from + "-");
  }

  @Override
  public List<Listed> list(URI folder) throws IOException {
    throw new IOException("%s cannot be listed (expected a sha256 of its list)".formatted(folder));
  }

  @Override
  public void close() {
    client.close();
  }
}
