package io.onnxfleet.launcher.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.time.Duration;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Asks processes how they are. Thread-safe. By the JDK's oldest client: a command of {@code
 * ./fleet} asks a handful of times, and the newer one takes longer to load than all of that.
 *
 * @param tls what is known and shown where a process speaks TLS
 * @param timeout of connecting, and of each wait for an answer
 */
public record HttpProbe(@Nullable SSLContext tls, Duration timeout) {
  private static final int MILLION = 1_000_000;

  /**
   * What came back.
   *
   * @param status 0 if nobody answered
   */
  public record Answer(int status, String body) {
    static final Answer NONE = new Answer(0, "");

    public boolean isOk() {
      return status == HttpURLConnection.HTTP_OK;
    }
  }

  /** A GET with names and values of headers. */
  public Answer get(URI uri, String... headers) throws InterruptedException {
    return ask(uri, null, headers);
  }

  /** A POST of JSON with names and values of headers. */
  public Answer post(URI uri, String json, String... headers) throws InterruptedException {
    return ask(uri, json, headers);
  }

  private Answer ask(URI uri, @Nullable String json, String... headers)
      throws InterruptedException {
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    try {
      HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
      try {
        connection.setInstanceFollowRedirects(false);
        connection.setUseCaches(false);
        connection.setConnectTimeout((int) timeout.toMillis());
        connection.setReadTimeout((int) timeout.toMillis());
        if (tls != null && connection instanceof HttpsURLConnection secure) {
          secure.setSSLSocketFactory(tls.getSocketFactory());
        }
        connection.setRequestProperty("Accept", "*/*");
        for (int i = 0; i + 1 < headers.length; i += 2) {
          connection.setRequestProperty(headers[i], headers[i + 1]);
        }
        if (json != null) {
          connection.setRequestMethod("POST");
          connection.setDoOutput(true);
          connection.setRequestProperty("Content-Type", "application/json");
          connection.getOutputStream().write(json.getBytes(UTF_8));
        }
        int status = connection.getResponseCode();
        return new Answer(status, body(connection));
      } finally {
        connection.disconnect();
      }
    } catch (IOException notYet) {
      return Answer.NONE;
    }
  }

  private static String body(HttpURLConnection connection) throws IOException {
    InputStream error = connection.getErrorStream();
    try (InputStream in = error != null ? error : openBody(connection)) {
      return new String(in.readNBytes(64 * MILLION), UTF_8);
    }
  }

  private static InputStream openBody(HttpURLConnection connection) throws IOException {
    return connection.getResponseCode() < HttpURLConnection.HTTP_BAD_REQUEST
        ? connection.getInputStream()
        : InputStream.nullInputStream();
  }
}
