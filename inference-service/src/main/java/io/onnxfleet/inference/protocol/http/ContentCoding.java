package io.onnxfleet.inference.protocol.http;

import io.onnxfleet.contract.api.DeflateInput;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/** How a body is compressed. */
public enum ContentCoding {
  IDENTITY,
  GZIP,
  /** The zlib format; the bare deflate data that some clients send under this name is read too. */
  DEFLATE;

  private static final int BUFFER = 8 << 10;
  private static final Pattern ZERO_WEIGHT = Pattern.compile("q=0(\\.0*)?");

  /**
   * The coding of a {@code Content-Encoding} header.
   *
   * @throws UnsupportedCodingException for any other or several codings
   */
  static ContentCoding ofRequest(@Nullable String header) {
    if (header == null || header.isBlank()) {
      return IDENTITY;
    }
    return switch (header.strip().toLowerCase(Locale.ROOT)) {
      case "identity" -> IDENTITY;
      case "gzip", "x-gzip" -> GZIP;
      case "deflate" -> DEFLATE;
      default -> throw new UnsupportedCodingException(header.strip());
    };
  }

  /** The coding for an answer, by an {@code Accept-Encoding} header: gzip where both are wanted. */
  public static ContentCoding ofResponse(@Nullable String acceptEncoding) {
    ContentCoding chosen = IDENTITY;
    if (acceptEncoding == null) {
      return chosen;
    }
    for (String wish : acceptEncoding.toLowerCase(Locale.ROOT).split(",", -1)) {
      String[] parts = wish.split(";", 2);
      if (parts.length == 2 && ZERO_WEIGHT.matcher(parts[1].strip()).matches()) {
        continue;
      }
      switch (parts[0].strip()) {
        case "gzip", "x-gzip" -> {
          return GZIP;
        }
        case "deflate" -> chosen = DEFLATE;
        default -> {}
      }
    }
    return chosen;
  }

  /** The name in headers: {@code gzip}. */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  InputStream decompress(InputStream source) throws IOException {
    return switch (this) {
      case IDENTITY -> source;
      case GZIP -> new GZIPInputStream(source, BUFFER);
      case DEFLATE -> DeflateInput.open(source, BUFFER);
    };
  }

  /** A stream that compresses; closing it finishes the coding and frees its memory. */
  public OutputStream compress(OutputStream target) throws IOException {
    return switch (this) {
      case IDENTITY -> target;
      case GZIP -> new FastGzip(target);
      case DEFLATE -> new FastDeflate(target);
    };
  }

  private static final class FastGzip extends GZIPOutputStream {
    FastGzip(OutputStream target) throws IOException {
      super(target, BUFFER);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }

  private static final class FastDeflate extends DeflaterOutputStream {
    FastDeflate(OutputStream target) {
      super(target, new Deflater(Deflater.BEST_SPEED), BUFFER);
    }

    @Override
    public void close() throws IOException {
      try {
        super.close();
      } finally {
        def.end();
      }
    }
  }
}
