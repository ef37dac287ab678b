package io.onnxfleet.clients;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.onnxfleet.clients.ClientFleet.Door;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import java.util.zip.InflaterInputStream;

/**
 * One kept connection on which requests are written to the byte as a client writes them. Not
 * thread-safe.
 */
final class WireConnection implements AutoCloseable {
  private static final int LONGEST_WAIT_MS = 60_000;

  private final Socket socket;
  private final InputStream in;
  private final String host;

  WireConnection(Door door) throws IOException {
    this.socket = new Socket(door.base().getHost(), door.base().getPort());
    this.socket.setSoTimeout(LONGEST_WAIT_MS);
    this.in = new BufferedInputStream(socket.getInputStream());
    this.host = door.base().getAuthority();
  }

  /** What the header {@code Host} says. */
  String host() {
    return host;
  }

  /**
   * An answer.
   *
   * @param headers by their names in small letters
   * @param body without chunks and compression
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Answer(int status, Map<String, String> headers, byte[] body) {
    String text() {
      return new String(body, java.nio.charset.StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
      return status + " " + headers + " " + text();
    }
  }

  /**
   * Sends a request and reads its answer.
   *
   * @param head its lines, without the empty one
   */
  Answer exchange(String head, byte[] body) throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes((head.strip().replace("\n", "\r\n") + "\r\n\r\n").getBytes(ISO_8859_1));
    all.writeBytes(body);
    socket.getOutputStream().write(all.toByteArray());
    int status = Integer.parseInt(line().split(" ", 3)[1]);
    Map<String, String> headers = new TreeMap<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    return new Answer(status, headers, inflated(headers, body(headers)));
  }

  private byte[] body(Map<String, String> headers) throws IOException {
    if (!headers.getOrDefault("transfer-encoding", "").equals("chunked")) {
      return exactly(Integer.parseInt(headers.getOrDefault("content-length", "0")));
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (int size = Integer.parseInt(line(), 16); size > 0; size = Integer.parseInt(line(), 16)) {
      body.writeBytes(exactly(size));
      line();
    }
    line();
    return body.toByteArray();
  }

  private static byte[] inflated(Map<String, String> headers, byte[] body) throws IOException {
    ByteArrayInputStream bytes = new ByteArrayInputStream(body);
    try (InputStream inflated =
        switch (headers.getOrDefault("content-encoding", "")) {
          case "gzip" -> new GZIPInputStream(bytes);
          case "deflate" -> new InflaterInputStream(bytes);
          default -> bytes;
        }) {
      return inflated.readAllBytes();
    }
  }

  private byte[] exactly(int size) throws IOException {
    byte[] bytes = in.readNBytes(size);
    if (bytes.length < size) {
      throw new EOFException(bytes.length + " bytes (expected: " + size + ")");
    }
    return bytes;
  }

  private String line() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        throw new EOFException("the connection ended in: " + line.toString(ISO_8859_1));
      }
      line.write(next);
    }
    return line.toString(ISO_8859_1).stripTrailing();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
