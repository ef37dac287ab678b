package io.onnxfleet.inference.protocol.http;

import io.onnxfleet.contract.api.HeaderNames;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import tools.jackson.core.exc.JacksonIOException;

/** Sends an answer in JSON, compressed as its client wants it. Stateless. */
public final class JsonAnswer {
  private JsonAnswer() {}

  /** What writes the body. */
  public interface Body {
    void writeTo(OutputStream target) throws IOException;
  }

  /**
   * Sends it; an {@link IOException} is the connection's. What could not be written to its end is
   * not ended: a refusal may take its place, if nothing of it was sent.
   */
  public static void write(HttpServletRequest http, HttpServletResponse response, Body body)
      throws IOException {
    ContentCoding coding = ContentCoding.ofResponse(http.getHeader(HttpHeaders.ACCEPT_ENCODING));
    response.setContentType(MediaType.APPLICATION_JSON_VALUE);
    String read = RequestBody.bytesOf(http);
    if (read != null) {
      response.setHeader(HeaderNames.BODY_BYTES, read);
    }
    if (coding != ContentCoding.IDENTITY) {
      response.setHeader(HttpHeaders.CONTENT_ENCODING, coding.label());
      response.setHeader(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING);
    }
    Connection connection = new Connection(response.getOutputStream());
    try (OutputStream target = coding.compress(connection)) {
      writeWhole(body, target, connection);
    } catch (JacksonIOException broken) {
      throw broken.getCause();
    } finally {
      if (connection.isBroken && coding != ContentCoding.IDENTITY) {
        response.setHeader(HttpHeaders.CONTENT_ENCODING, null);
        response.setHeader(HttpHeaders.VARY, null);
      }
    }
  }

  private static void writeWhole(Body body, OutputStream target, Connection connection)
      throws IOException {
    try {
      body.writeTo(target);
    } catch (IOException | RuntimeException | Error broken) {
      connection.isBroken = true;
      throw broken;
    }
  }

  /** Passes on what is written until that breaks, and then not even the end. */
  private static final class Connection extends OutputStream {
    private final OutputStream target;
    private boolean isBroken;

    Connection(OutputStream target) {
      this.target = target;
    }

    @Override
    public void write(int one) throws IOException {
      if (!isBroken) {
        target.write(one);
      }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (!isBroken) {
        target.write(bytes, offset, length);
      }
    }

    @Override
    public void flush() throws IOException {
      if (!isBroken) {
        target.flush();
      }
    }

    @Override
    public void close() throws IOException {
      if (!isBroken) {
        target.close();
      }
    }
  }
}
