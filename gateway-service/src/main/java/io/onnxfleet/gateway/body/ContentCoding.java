package io.onnxfleet.gateway.body;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the header {@code Content-Encoding} says. */
public final class ContentCoding {
  private ContentCoding() {}

  /**
   * How a body is encoded, in lower case; empty if it is not.
   *
   * @param header null if there is none
   */
  public static String of(@Nullable String header) {
    String coding = header == null ? "" : header.strip().toLowerCase(Locale.ROOT);
    return coding.equals("identity") ? "" : coding;
  }
}
