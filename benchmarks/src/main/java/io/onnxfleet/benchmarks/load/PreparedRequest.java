package io.onnxfleet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * A POST as it goes over the wire, head and body, made once and sent any number of times. Its bytes
 * lie outside the heap, for as long as it is reachable. Immutable, thread-safe.
 */
public final class PreparedRequest {
  private final ByteBuf bytes;

  private PreparedRequest(ByteBuf bytes) {
    this.bytes = bytes;
  }

  /**
   * Makes a POST.
   *
   * @param headers beside {@code Host} and {@code Content-Length}
   */
  public static PreparedRequest post(
      Target target, String path, Map<String, String> headers, byte[] body) {
    StringBuilder head = new StringBuilder("POST ").append(path).append(" HTTP/1.1\r\n");
    head.append("Host: ").append(target).append("\r\n");
    headers.forEach((name, value) -> head.append(name).append(": ").append(value).append("\r\n"));
    head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
    byte[] headBytes = head.toString().getBytes(ISO_8859_1);
    ByteBuffer bytes = ByteBuffer.allocateDirect(headBytes.length + body.length);
    bytes.put(headBytes).put(body).flip();
    return new PreparedRequest(Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(bytes)));
  }

  /** A view of its own position over the same bytes. */
  ByteBuf view() {
    return bytes.duplicate();
  }
}
