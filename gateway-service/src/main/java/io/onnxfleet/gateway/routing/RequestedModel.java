package io.onnxfleet.gateway.routing;

import io.onnxfleet.contract.api.DeflateInput;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.body.ContentCoding;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.failure.GatewayException;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.util.Collections;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/**
 * Finds {@code model} in the JSON of an embeddings request. Reads tokens, builds nothing but names,
 * and of these none that is too long to be one; stops at the model: what follows is for the replica
 * to judge. Safe for use by many threads.
 */
final class RequestedModel {

  static final int MOST_OF_A_NAME = 1024;
  static final int MOST_NESTING = 100;
  private static final int MOST_OF_A_NUMBER = 1000;
  private static final int INFLATER_BUFFER = 8 * 1024;

  /** Deflate makes of one byte no more than so many (RFC 1951). */
  private static final long MOST_INFLATION = 1032;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(MOST_OF_A_NAME)
                  .maxNameLength(MOST_OF_A_NAME)
                  .maxNumberLength(MOST_OF_A_NUMBER)
                  .maxNestingDepth(MOST_NESTING)
                  .build())
          .build();

  private final String defaultModel;
  private final long mostDecompressed;

  RequestedModel(String defaultModel, long mostDecompressed) {
    this.defaultModel = defaultModel;
    this.mostDecompressed = mostDecompressed;
  }

  /** Wraps what is read, to bound it or to slow it down. */
  interface Reading {
    InputStream of(InputStream in);
  }

  String defaultModel() {
    return defaultModel;
  }

  /** What the body may come to when it is decompressed; above that it is refused. */
  long most(long length, @Nullable String contentEncoding) {
    return isEncoded(contentEncoding)
        ? Math.min(length * MOST_INFLATION, mostDecompressed)
        : length;
  }

  static boolean isEncoded(@Nullable String contentEncoding) {
    return !ContentCoding.of(contentEncoding).isEmpty();
  }

  /**
   * The model's name; the default one where the body names none.
   *
   * @param reading wraps the decompressed body
   */
  String in(RequestBody body, @Nullable String contentEncoding, Reading reading) {
    try (JsonParser parser =
        JSON.createParser(
            ObjectReadContext.empty(),
            reading.of(
                new BoundedInput(decompressed(open(body), contentEncoding), mostDecompressed)))) {
      return in(parser);
    } catch (StreamConstraintsException tooMuch) {
      throw malformed(
          "a key or the model's name of more than %d characters, a number of more than %d, or nesting of more than %d (expected: less)"
              .formatted(MOST_OF_A_NAME, MOST_OF_A_NUMBER, MOST_NESTING));
    } catch (JacksonIOException broken) {
      throw malformed(broken.getOriginalMessage());
    } catch (JacksonException broken) {
      TokenStreamLocation at = broken.getLocation();
      throw malformed(
          at == null
              ? "malformed JSON: " + broken.getOriginalMessage()
              : "malformed JSON at line %d, column %d: %s"
                  .formatted(at.getLineNr(), at.getColumnNr(), broken.getOriginalMessage()));
    }
  }

  private String in(JsonParser parser) {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw malformed("the body is not a JSON object");
    }
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      boolean model = "model".equals(parser.currentName());
      JsonToken value = parser.nextToken();
      if (!model) {
        parser.skipChildren();
      } else if (value == JsonToken.VALUE_STRING) {
        return parser.getString();
      } else if (value != JsonToken.VALUE_NULL) {
        throw malformed("model: " + value + " (expected: a string)");
      }
    }
    return defaultModel;
  }

  private static InputStream open(RequestBody body) {
    return switch (body) {
      case RequestBody.Kept kept -> new ByteArrayInputStream(kept.bytes());
      case RequestBody.Held held ->
          new SequenceInputStream(
              Collections.enumeration(
                  held.pieces().stream().map(ByteArrayInputStream::new).toList()));
      case RequestBody.Streamed _ ->
          throw new IllegalStateException("a body that is passed on cannot be searched");
    };
  }

  private static InputStream decompressed(InputStream body, @Nullable String contentEncoding) {
    String encoding = ContentCoding.of(contentEncoding);
    try {
      return switch (encoding) {
        case "" -> body;
        case "gzip", "x-gzip" -> new GZIPInputStream(body, INFLATER_BUFFER);
        case "deflate" -> DeflateInput.open(body, INFLATER_BUFFER);
        default ->
            throw new GatewayException(
                ErrorCode.UNSUPPORTED_ENCODING,
                "Content-Encoding: '" + contentEncoding + "' (expected: gzip or deflate)");
      };
    } catch (EOFException | ZipException broken) {
      throw malformed("the body is not " + encoding + ": " + broken.getMessage());
    } catch (IOException broken) {
      throw malformed("the body cannot be read: " + broken.getMessage());
    }
  }

  private static GatewayException malformed(@Nullable String message) {
    return new GatewayException(ErrorCode.MALFORMED_REQUEST, String.valueOf(message));
  }

  /** Ends a decompression bomb. */
  private static final class BoundedInput extends java.io.FilterInputStream {

    private final long most;
    private long left;

    BoundedInput(InputStream in, long most) {
      super(in);
      this.most = most;
      this.left = most;
    }

    @Override
    public int read() throws IOException {
      return count(super.read(), 1);
    }

    @Override
    public int read(byte[] buffer, int offset, int length) throws IOException {
      int read = super.read(buffer, offset, length);
      return count(read, read);
    }

    private int count(int result, int bytes) {
      if (result >= 0) {
        left -= bytes;
        if (left < 0) {
          throw new GatewayException(
              ErrorCode.REQUEST_TOO_LARGE,
              "body: more than " + most + " bytes after decompression (expected: fewer)");
        }
      }
      return result;
    }
  }
}
